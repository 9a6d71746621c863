/** Where the people on photos are shown: their addresses have ids, and results have names. */

import type { Client } from "../client";
import { exactly } from "../people/person_list";
import { hashOf } from "../shell/place";

export class PersonLinks {
  private readonly known = new Map<string, Promise<string | null>>();
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly client: Pick<Client, "ask">,
    private readonly collection: string,
  ) {}

  /** Return the address of a person; null if nobody has that name any more. */
  of(name: string): Promise<string | null> {
    const known = this.known.get(name);
    if (known) return known;
    // One after the other, so that photos need not wait for them.
    const asked = this.last.then(() => this.ask(name));
    this.last = asked;
    this.known.set(name, asked);
    return asked;
  }

  private async ask(name: string): Promise<string | null> {
    const found = await exactly(this.client, this.collection, name).catch(() => undefined);
    if (found === undefined) this.known.delete(name); // not answered, so it is asked again
    return found ? hashOf({ view: "people", collection: this.collection, person: found.person_id }) : null;
  }
}
