/** Every text of the page, so that a translation is one more file. */

const plural = (count: number, one: string, many: string) =>
  `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

export const texts = {
  title: "Elastic Face Recognition",
  skip: "Skip to the content",
  views: { photos: "Photos", live: "Live", people: "People" },
  viewsLabel: "Views",
  api: "API",
  collection: "Collection",
  close: "Close",
  tryAgain: "Try again",
  loading: "Loading …",

  key: {
    heading: "Which key do you have?",
    why: "This service asks for an API key. The page keeps it until you close this tab, and shows what it allows.",
    label: "API key",
    open: "Open",
    wrong: "The service does not accept this key. Check that you copied all of it, and that it has not ended.",
    leave: "Forget the key",
    nothing: "This key allows nothing that the page shows. The API may still be what you need.",
  },

  photos: {
    heading: "Who is on your photos?",
    drop: "Drop photos or folders here, or paste a picture",
    files: "Choose photos",
    folder: "Choose a folder",
    kinds: "JPEG, PNG, WebP, HEIC, AVIF or BMP",
    skipped: (count: number) => `${plural(count, "file", "files")} left out, not a photo`,
    progressLabel: "Photos done",
    progress: (done: number, total: number) =>
      `${done.toLocaleString("en")} of ${plural(total, "photo", "photos")}`,
    rate: (perSecond: number) =>
      perSecond >= 1 ? `${perSecond.toFixed(1)} per second` : `${(perSecond * 60).toFixed(0)} per minute`,
    rest: (seconds: number) =>
      seconds < 90 ? `about ${Math.max(1, Math.round(seconds))} s left` : `about ${Math.round(seconds / 60)} min left`,
    waitingForService: "The service is busy or away. The page goes on by itself.",
    finished: (total: number, failed: number) =>
      `${plural(total, "photo", "photos")} done${failed ? `, ${failed.toLocaleString("en")} not recognised` : ""}`,
    clear: "Remove all from this page",
    failures: "Not recognised",
    failedWith: (count: number, why: string) => `${plural(count, "photo", "photos")}: ${why}`,
    results: "Results",
    more: (count: number) => `Show ${count.toLocaleString("en")} more`,
    waiting: "Waiting",
    sending: "Looking for faces …",
    cannotDraw: "Your browser can't draw this kind of picture",
    noFace: "No face",
    unknown: "Unknown",
    face: (number: number) => `Face ${number}`,
    similarity: (value: number) => `${value.toFixed(0)} % similar`,
    poor: "A poor picture of a face: the name is less sure",
    notSearched: "Too poor to compare",
    namedElsewhere: "Most like someone who is named for another face",
    alt: (name: string, faces: number) => `${name}, ${plural(faces, "face", "faces")}`,
    whoIsThis: "Who is this?",
    someoneElse: "Someone else?",
    name: "Name",
    enrol: "Enrol",
    enrolling: "Enrolling …",
    enrolled: (name: string) => `Enrolled as ${name}. New photos know it in two seconds.`,
    notEnrolled: (why: string) => `Not enrolled: ${why}`,
    nobody: "Nobody is enrolled in this collection yet. Drop a photo, then say who is on it.",
  },

  live: {
    heading: "Who is in front of the camera?",
    consent:
      "The page sends pictures of your camera to this service, twice a second at most. The service compares the faces on them and keeps no picture. Only where a collection keeps unknown faces does it keep the faces that it can't name.",
    start: "Start the camera",
    opening: "Opening the camera …",
    stop: "Stop the camera",
    picture: "The camera's picture",
    mirror: "Mirror the picture",
    inView: "In view",
    whoLooks:
      "The service finds the faces: this page has no detector of its own. It leaves out frames that are dark, blurry or empty.",
    states: { unknown: "unknown", maybe: "maybe", confirmed: "confirmed", lost: "no longer sure" },
    counts: (sent: number, skipped: Partial<Record<"dark" | "blurry" | "empty", number>>) => {
      const reasons = Object.entries(skipped);
      const total = reasons.reduce((sum, [, count]) => sum + count, 0);
      const told = reasons.length === 1 ? reasons[0]?.[0] : reasons.map(([reason, count]) => `${count} ${reason}`).join(", ");
      return `${sent} sent, ${total} skipped${told ? `: ${told}` : ""}`;
    },
    goesOn: (reason: string) => `Waiting: ${reason}. The page goes on by itself.`,
    problems: {
      insecure: "Browsers open a camera only over HTTPS, or on the machine itself. Photos still work.",
      refused: "The browser may not use the camera. Allow it beside the address, then start again. Photos still work.",
      none: "There is no camera here. Connect one and start again. Photos still work.",
      busy: "The camera does not start. Another program may be using it. Photos still work.",
    },
  },

  /** By the codes of the service; docs/errors.md has them all. */
  errors: {
    AWAY: "the service can't be reached",
    ANIMATED_IMAGE: "it is a film or an animation",
    COLLECTION_NOT_FOUND: "the collection is gone",
    EMPTY_FILE: "the file is empty",
    FILE_TOO_LARGE: "the file is larger than the service accepts",
    INVALID_IMAGE: "the file is damaged",
    NO_FACE: "no face was found",
    NO_FACE_IN_BOX: "no face was found there",
    LOW_QUALITY: "the picture of the face is too poor",
    SAME_PHOTO: "this face is enrolled under another name",
    QUOTA_EXCEEDED: "as many faces are enrolled as may be",
    INVALID_REQUEST: "the service does not accept this; a name has 1 to 100 characters",
    RATE_LIMITED: "too many requests in a short time",
    SCOPE_MISSING: "the key does not allow it",
    TOO_BUSY: "the service has too much to do",
    TOO_MANY_PIXELS: "the picture has more pixels than the service accepts",
    TRUNCATED_IMAGE: "a part of the file is missing",
    UNSUPPORTED_IMAGE: "it is no photo of a kind that the service reads",
  } as Record<string, string>,
};

export function why(code: string): string {
  return texts.errors[code] ?? code.toLowerCase().replaceAll("_", " ");
}
