/** Every text of the page, so that a translation is one more file. */

const plural = (count: number, one: string, many: string) =>
  `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

/** A name in a sentence, so that one written from right to left does not turn the rest around. */
const isolated = (name: string) => `\u2068${name}\u2069`;

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

  people: {
    heading: "Who is enrolled?",
    search: "Search",
    searchHint: "A name, from its beginning",
    sort: "Sort by",
    orders: { name: "Name", faces: "Most faces", last_enrolled: "Enrolled last" },
    shown: (count: number, isAll: boolean) =>
      isAll ? plural(count, "person", "people") : `the first ${plural(count, "person", "people")}`,
    faces: (count: number) => plural(count, "face", "faces"),
    more: "Show more people",
    list: "People",
    nobody: "Nobody is enrolled yet: hold your face into the camera, or choose photos of someone.",
    nobodyCalled: (prefix: string) => `Nobody's name begins with “${isolated(prefix)}”. Search for less of it.`,
    notListed: (why: string) => `The people can't be listed: ${why}.`,
    back: "All people",
    gone: "Nobody of this name is enrolled here. They were renamed, merged or erased.",
    notShown: (why: string) => `This person can't be shown: ${why}.`,
    lastEnrolled: (when: Date) => `last enrolled ${when.toLocaleDateString("en", { dateStyle: "medium" })}`,
    consent: (text: string, date: string, source: string) => `Agreed on ${date}: ${text} (${source})`,

    cancel: "Cancel",
    save: "Save",
    rename: "Rename",
    renameLabel: "New name",
    renaming: "Renaming … The answer comes when no result gives the old name any more.",
    renamed: "Renamed.",
    notRenamed: (why: string) => `Not renamed: ${why}. Correct it, or try again.`,
    mergeHeading: "Merge the two?",
    mergeWhy: "Someone has this name already. After merging, all faces are theirs, and the page can't take them apart by itself.",
    merge: "Merge",
    keepApart: "Keep them apart",
    merging: "Merging … The answer comes when no result gives the old name any more.",
    merged: (faces: number) => `Merged: ${plural(faces, "face", "faces")} more.`,

    facesHeading: "Faces",
    face: (number: number) => `Face ${number}`,
    faceAlt: (number: number, name: string) => `Face ${number} of ${isolated(name)}`,
    quality: (value: number) => `Quality ${value.toFixed(0)}`,
    moreFaces: "Show more faces",
    withChosen: "With the chosen faces",
    chosen: (count: number) => (count === 0 ? "Choose faces first" : `${plural(count, "face", "faces")} chosen`),
    doing: (at: number, total: number) => `${at} of ${total} …`,
    notDone: (count: number, why: string) => `${plural(count, "face stays", "faces stay")} as before: ${why}.`,
    give: "Give to someone else",
    giveTo: "Whose are they?",
    giveNow: "Give",
    given: (count: number, to: string) => `${plural(count, "face", "faces")} given to ${isolated(to)}.`,
    reject: "Not this person",
    rejectHeading: (count: number, name: string) =>
      `${count === 1 ? "Is this face not" : "Are these faces not"} ${isolated(name)}'s?`,
    rejectWhy: "A face that is not theirs loses the name, and is never given this name again. It goes to those who are unknown.",
    rejected: (count: number, name: string) =>
      `${plural(count, "face is", "faces are")} not ${isolated(name)}'s any more, and can't become so again.`,
    erase: "Erase",
    eraseHeading: (count: number) => `Erase ${plural(count, "face", "faces")}?`,
    eraseWhy: "The service erases them with their pictures, their photos, and the results that name them, for good.",
    erased: (count: number) => `${plural(count, "face", "faces")} erased.`,

    forget: "Forget",
    forgetHeading: (name: string) => `Forget ${isolated(name)}?`,
    forgetWhat: "The service erases, for good:",
    forgets: (faces: number) => [
      `${plural(faces, "face", "faces")} with ${faces === 1 ? "its picture" : "their pictures"}`,
      "the photos that show them, as far as the service stores them",
      "every result that names them, and their jobs",
      "their notes, and what they agreed to",
    ],
    forgetNot: "It does not reach photos in your own buckets, exported files and backups.",
    forgetting: "Erasing … This takes some seconds: the service searches again until it finds nothing.",
    notForgotten: (why: string) => `Not erased to the end: ${why}. Try again to finish it.`,
    forgotten: (name: string) => `${isolated(name)} is forgotten`,
    proof: "What the receipt says",
    checking: "Looking whether anything is left …",
    removed: {
      faces: "Faces",
      photos: "Photos",
      results: "Results",
      jobs: "Jobs",
      batches: "Batches",
      consents: "Notes and consents",
      unknown_faces: "Faces without a name",
    } as Record<string, string>,
    finishedAt: "Finished",
    receipt: "Receipt",
    cropGone: "The address of their picture answers 404: it is gone.",
    cropStays: "The address of their picture still answers. Report this to whoever runs the service.",
    notProved: (why: string) => `The receipt can't be read: ${why}.`,
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
    PERSON_NOT_FOUND: "nobody of that name is enrolled any more",
    PERSON_REJECTED: "someone said before that this face is not theirs",
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
