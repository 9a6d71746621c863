import { describe, expect, test } from "vitest";

import type { Person, PersonPage } from "../src/answers";
import { ServiceError } from "../src/client";
import type { Answer } from "../src/client";
import { Crops, UNDER_WAY } from "../src/people/crops";
import { PersonList, exactly } from "../src/people/person_list";
import { personPath } from "../src/people/person_paths";
import { initialOf } from "../src/people/portrait";
import { partOf } from "../src/people/window";
import { hashOf, placeOf } from "../src/shell/place";

const known = (person: string): Person => ({
  person,
  person_id: `id of ${person}`,
  faces: 1,
  cover: `cover of ${person}`,
  last_enrolled_at: null,
  metadata: {},
});

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

/** Answer lists by the query; the paths that were asked are kept. */
function listing(answer: (query: URLSearchParams) => PersonPage | Promise<PersonPage>) {
  const asked: URLSearchParams[] = [];
  const ask = async (_: string, path: string) => {
    const query = new URLSearchParams(path.split("?")[1]);
    asked.push(query);
    const body = await answer(query);
    return { status: 200, body, headers: new Headers(), retryAfterS: null } as Answer<never>;
  };
  return { asked, ask };
}

const names = (list: PersonList) => list.people.map(({ person }) => person);

describe("the list of people", () => {
  test("goes on with the token until the last page", async () => {
    const { ask } = listing((query) =>
      query.get("next_token") === "2"
        ? { persons: [known("Bob")], next_token: null }
        : { persons: [known("Ada")], next_token: "2" },
    );
    const list = new PersonList({ ask }, "staff", () => undefined);

    await list.look();
    expect([names(list), list.isComplete]).toEqual([["Ada"], false]);
    await list.more();
    await list.more();

    expect([names(list), list.isComplete]).toEqual([["Ada", "Bob"], true]);
  });

  test("shows what was searched for last, however late earlier answers come", async () => {
    const { ask } = listing(async (query) => {
      if (query.get("prefix") === "a") await settled();
      return { persons: [known(query.get("prefix") ?? "")], next_token: null };
    });
    const list = new PersonList({ ask }, "staff", () => undefined);

    await Promise.all([list.look("a"), list.look("ab")]);

    expect(names(list)).toEqual(["ab"]);
  });

  test("keeps what is shown when the next page fails, and tells why", async () => {
    const { ask } = listing((query) => {
      if (query.get("next_token")) throw new ServiceError("INDEX_UNAVAILABLE", "", true, 1);
      return { persons: [known("Ada")], next_token: "2" };
    });
    const list = new PersonList({ ask }, "staff", () => undefined);

    await list.look();
    await list.more();

    expect([names(list), list.problem, list.isLoading]).toEqual([["Ada"], "INDEX_UNAVAILABLE", false]);
  });

  test("is listed again as long as it was", async () => {
    const { ask, asked } = listing((query) => ({
      persons: Array.from({ length: Number(query.get("limit")) }, (_, at) => known(String(at))),
      next_token: "more",
    }));
    const list = new PersonList({ ask }, "staff", () => undefined);

    await list.look();
    await list.more();
    await list.more();
    await list.refresh();

    await list.more();
    await list.more();
    await list.more();
    await list.refresh();

    const limits = asked.map((query) => query.get("limit"));
    expect(limits).toEqual([...Array(3).fill("200"), "600", ...Array(3).fill("200"), "1000", "200"]);
    expect(list.people).toHaveLength(1200);
  });
});

test("a name is found exactly, beyond those that only begin like it", async () => {
  const { ask } = listing((query) =>
    query.get("next_token")
      ? { persons: [known("Zoë")], next_token: null }
      : { persons: [known("ZOË"), known("Zoë B")], next_token: "2" },
  );

  expect((await exactly({ ask }, "staff", "Zoe\u0308"))?.person).toBe("Zoë");
  expect(await exactly({ ask }, "staff", "zoë")).toBe(null);
});

describe("pictures of faces", () => {
  test("come a few at a time, and those that nobody wants any more are not asked for", async () => {
    const asked: string[] = [];
    const came: string[] = [];
    let most = 0;
    let underWay = 0;
    const picture = async (path: string) => {
      asked.push(path);
      most = Math.max(most, ++underWay);
      await settled();
      underWay -= 1;
      return new Blob([path]);
    };
    const crops = new Crops({ picture });

    const giveUp = Array.from({ length: 20 }, (_, at) => crops.want(`${at}`, () => came.push(`${at}`)));
    giveUp.slice(4, 18).forEach((each) => each());
    await settled();
    await settled();
    await settled();

    expect(most).toBe(UNDER_WAY);
    expect(asked).toEqual(["0", "1", "2", "3", "4", "5", "18", "19"]);
    expect(came).toEqual(["0", "1", "2", "3", "18", "19"]);
  });

  test("are asked for again after the pause that the service wants; without one there is none", async () => {
    const slept: number[] = [];
    const came: (Blob | null)[] = [];
    let calls = 0;
    const picture = async (path: string) => {
      if (path === "none") throw new ServiceError("CROP_NOT_KEPT", "", false, null);
      if (++calls === 1) throw new ServiceError("RATE_LIMITED", "", true, 7);
      return new Blob([path]);
    };
    const crops = new Crops({ picture }, async (ms) => void slept.push(ms));

    crops.want("limited", (blob) => came.push(blob));
    await settled();
    crops.want("none", (blob) => came.push(blob));
    await settled();

    expect(slept).toEqual([7000]);
    expect(came[0]?.size).toBe("limited".length);
    expect(came[1]).toBe(null);
  });
});

describe("the part of a grid that is drawn", () => {
  const grid = { columns: 8, rowHeightPx: 200 };

  test("is what is seen and four rows around it, and the rest has its height", () => {
    expect(partOf(grid, 5_000, 300, 900)).toEqual({ from: 0, to: 56, abovePx: 0, belowPx: 618 * 200 });
    expect(partOf(grid, 5_000, -10_000, 900)).toEqual({
      from: 46 * 8,
      to: 59 * 8,
      abovePx: 46 * 200,
      belowPx: (625 - 59) * 200,
    });
  });

  test("ends with the last row, which need not be full", () => {
    expect(partOf(grid, 5_003, -200_000, 900)).toMatchObject({ to: 5_003, belowPx: 0 });
    expect(partOf(grid, 3, 0, 900)).toEqual({ from: 0, to: 3, abovePx: 0, belowPx: 0 });
    expect(partOf(grid, 0, 0, 900)).toEqual({ from: 0, to: 0, abovePx: 0, belowPx: 0 });
  });

  test("is a first screenful before anything is known of it", () => {
    expect(partOf(null, 5_000, 0, 900)).toMatchObject({ from: 0, to: 24 });
  });
});

test("a name is one step of a path, and what browsers would drop is asked for by id", () => {
  const path = (person: string) => personPath("staff", { person, person_id: "7" });

  expect(path("a/b?#%")).toBe("/collections/staff/persons/a%2Fb%3F%23%25");
  expect([path("."), path(".."), path("")]).toEqual(Array(3).fill("/collections/staff/persons/7"));
});

test("the first letter is what readers take for one", () => {
  expect(["ada", "👩🏽‍🚀 Mae", "e\u0301lan", ""].map(initialOf)).toEqual(["A", "👩🏽‍🚀", "E\u0301", ""]);
});

test("the person who is shown stands in the address by their id", () => {
  const place = { view: "people", collection: "a&b", person: "7" } as const;

  expect(placeOf(hashOf(place))).toEqual(place);
  expect(placeOf("#/people")).toEqual({ view: "people", collection: "default" });
});
