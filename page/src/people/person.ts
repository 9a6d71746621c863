/** All that the page knows of one person. */

import type { KnownFace, Person, PersonFaces } from "../answers";
import { codeOf } from "../client";
import type { Client } from "../client";
import { exactly } from "./person_list";
import { personPath } from "./person_paths";
import type { Named } from "./person_paths";

const PAGE = 100;

export class PersonOnView {
  person: string;
  readonly person_id: string;
  details: PersonFaces | null = null;
  summary: Person | null = null;
  faces: KnownFace[] = [];
  isLoading = true;
  /** Code of what the service answered instead. */
  problem: string | null = null;
  private token: string | null = null;
  private round = 0;

  constructor(
    private readonly client: Pick<Client, "ask">,
    private readonly collection: string,
    named: Named,
    private readonly onChange: () => void,
  ) {
    this.person = named.person;
    this.person_id = named.person_id;
  }

  get path(): string {
    return personPath(this.collection, this);
  }

  get count(): number {
    return Math.max(this.summary?.faces ?? 0, this.faces.length);
  }

  get hasMore(): boolean {
    return this.token !== null;
  }

  /** Id of the face that stands for the person. */
  get cover(): string | null {
    return this.summary?.cover ?? this.faces[0]?.face_id ?? null;
  }

  async load(): Promise<void> {
    await this.read(async () => {
      const { body } = await this.client.ask<PersonFaces>("GET", `${this.path}?limit=${PAGE}`);
      const summary = await exactly(this.client, this.collection, body.person);
      return () => {
        [this.details, this.summary, this.person] = [body, summary, body.person];
        [this.faces, this.token] = [body.faces, body.next_token];
      };
    });
  }

  async more(): Promise<void> {
    const query = new URLSearchParams({ limit: String(PAGE), next_token: this.token ?? "" });
    await this.read(async () => {
      const { body } = await this.client.ask<PersonFaces>("GET", `${this.path}?${query}`);
      return () => {
        [this.faces, this.token] = [[...this.faces, ...body.faces], body.next_token];
      };
    });
  }

  private async read(ask: () => Promise<() => void>): Promise<void> {
    const round = ++this.round;
    this.isLoading = true;
    this.problem = null;
    this.onChange();
    try {
      const take = await ask();
      if (round !== this.round) return;
      take();
    } catch (error) {
      if (round !== this.round) return;
      this.problem = codeOf(error);
    }
    this.isLoading = false;
    this.onChange();
  }
}
