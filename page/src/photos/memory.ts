/** What a tab remembers of its photos, so that they outlive a reload: no picture and no result. */

export interface Remembered {
  name: string;
  size: number;
  modified: number;
  /** The idempotency key under which the photo is sent: sent again, it gives the same job. */
  key: string;
  job: string | null;
  code: string | null;
}

export interface Memory {
  load(): Remembered[];
  save(photos: Remembered[]): void;
  /** Write what is still to be written. */
  close(): void;
}

/** Of photos that a reload may lose. */
export const NO_MEMORY: Memory = { load: () => [], save: () => undefined, close: () => undefined };

const PLACE = "efr-photos:";
const PAUSE_MS = 300;

/** Keeps the photos of a collection in the tab, where thousands are not written each time anew. */
export class TabMemory implements Memory {
  private readonly place: string;
  private newest: Remembered[] | null = null;
  private timer: number | undefined;

  constructor(collection: string) {
    this.place = PLACE + collection;
  }

  load(): Remembered[] {
    return JSON.parse(sessionStorage.getItem(this.place) ?? "[]") as Remembered[];
  }

  save(photos: Remembered[]): void {
    this.newest = photos;
    if (this.timer === undefined) this.write();
  }

  close(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.newest) keep(this.place, this.newest);
    this.newest = null;
  }

  private write(): void {
    this.close();
    this.timer = window.setTimeout(() => {
      this.timer = undefined;
      if (this.newest) this.write();
    }, PAUSE_MS);
  }
}

/** Forget the photos of all collections. */
export function forgetPhotos(): void {
  for (const place of Object.keys(sessionStorage)) {
    if (place.startsWith(PLACE)) sessionStorage.removeItem(place);
  }
}

function keep(place: string, photos: Remembered[]): void {
  try {
    if (photos.length === 0) sessionStorage.removeItem(place);
    else sessionStorage.setItem(place, JSON.stringify(photos));
  } catch {
    // The browser gives no more room. The photos are sent all the same, but a reload loses them.
    sessionStorage.removeItem(place);
  }
}
