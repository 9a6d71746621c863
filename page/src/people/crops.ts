/** Pictures of faces on their way to the page, a few at a time. */

import { ServiceError } from "../client";
import type { Client } from "../client";

export const UNDER_WAY = 6;
const PATIENCE = 5;
const PAUSE_S = 2;

interface Wanted {
  path: string;
  onPicture: (picture: Blob | null) => void;
  isWanted: boolean;
  attempts: number;
}

export class Crops {
  private readonly waiting: Wanted[] = [];
  private underWay = 0;

  constructor(
    private readonly client: Pick<Client, "picture">,
    private readonly sleep: (ms: number) => Promise<void> = (ms) =>
      new Promise((resolve) => setTimeout(resolve, ms)),
  ) {}

  /**
   * Ask for a picture, null if there is none; return what says that it is not wanted any more.
   *
   * What waits then is never asked for, and what is under way is dropped when it comes.
   */
  want(path: string, onPicture: (picture: Blob | null) => void): () => void {
    const wanted = { path, onPicture, isWanted: true, attempts: 0 };
    this.waiting.push(wanted);
    this.goOn();
    return () => {
      wanted.isWanted = false;
    };
  }

  private goOn(): void {
    while (this.underWay < UNDER_WAY) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      if (!next.isWanted) continue;
      this.underWay += 1;
      void this.load(next).finally(() => {
        this.underWay -= 1;
        this.goOn();
      });
    }
  }

  private async load(wanted: Wanted): Promise<void> {
    while (wanted.isWanted) {
      wanted.attempts += 1;
      try {
        const picture = await this.client.picture(wanted.path);
        if (wanted.isWanted) wanted.onPicture(picture);
        return;
      } catch (error) {
        const goesOn =
          error instanceof ServiceError && error.retryable && wanted.attempts < PATIENCE;
        if (!goesOn) {
          if (wanted.isWanted) wanted.onPicture(null);
          return;
        }
        await this.sleep((error.retryAfterS ?? PAUSE_S * wanted.attempts) * 1000);
      }
    }
  }
}
