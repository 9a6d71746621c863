import { texts } from "../../texts";
import type { Taking } from "./capturing";
import { FRAMES_OF_POSE, POSES } from "./poses";

interface Props {
  taking: Taking;
  /** Why the service does not answer, while it is asked again. */
  problem: string | null;
  onSkip: () => void;
}

/** What to do before the camera, how good the picture is, and how far it is. */
export function TakingGuide({ taking, problem, onSkip }: Props) {
  const { pose, shots, hint, face } = taking;
  const count = (each: string) => shots.filter((shot) => shot.pose === each).length;
  return (
    <div class="told">
      <div role="status">
        <h3>{pose ? texts.people.ask[pose] : texts.people.allTaken}</h3>
      </div>
      <p class="hint" role="status">
        {hint && texts.people.hints[hint]}
        {hint === "poor" && face && ` ${face.reasons.map(qualityText).join(", ")}`}
      </p>
      <label class="quality">
        {texts.people.qualityLabel}
        <meter min={0} max={100} low={50} optimum={100} value={face?.quality ?? 0}>
          {face?.quality ?? 0}
        </meter>
        <span class="quiet">{face ? texts.people.quality(face.quality) : texts.people.noFaceYet}</span>
      </label>
      <ol class="poses">
        {POSES.map((each) => (
          <li key={each} aria-current={each === pose ? "step" : undefined}>
            {texts.people.poses[each]}{" "}
            <span class="quiet">{texts.people.taken(count(each), FRAMES_OF_POSE)}</span>
          </li>
        ))}
      </ol>
      <p class="held" role="status">
        {problem && texts.live.goesOn(problem)}
      </p>
      <button disabled={shots.length === 0 || pose === null} onClick={onSkip}>
        {pose === "right" ? texts.people.enough : texts.people.skip}
      </button>
      <p class="quiet">{texts.people.cameraWhy}</p>
    </div>
  );
}

const qualityText = (reason: string): string =>
  texts.people.reasons[reason] ?? reason.toLowerCase().replaceAll("_", " ");
