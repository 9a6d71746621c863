/** Which part of a long grid is drawn: the rows that are seen, and some around them. */

import type { RefObject } from "preact";
import { useCallback, useLayoutEffect, useState } from "preact/hooks";

const ROWS_AROUND = 4;
/** Drawn before anything is known of the grid. */
const FIRST = 24;

export interface Grid {
  columns: number;
  /** With the gap below it. */
  rowHeightPx: number;
}

export interface Part {
  /** Numbers of the first that is drawn, and of the first behind it that is not. */
  from: number;
  to: number;
  abovePx: number;
  belowPx: number;
}

/** Return the part of `count` cells that is drawn, where the grid begins `topPx` below the window's top. */
export function partOf(grid: Grid | null, count: number, topPx: number, windowPx: number): Part {
  if (!grid) return { from: 0, to: Math.min(count, FIRST), abovePx: 0, belowPx: 0 };
  const { columns, rowHeightPx } = grid;
  const rows = Math.ceil(count / columns);
  const within = (row: number) => Math.max(0, Math.min(rows, row));
  const first = within(Math.floor(-topPx / rowHeightPx) - ROWS_AROUND);
  const behind = within(Math.ceil((windowPx - topPx) / rowHeightPx) + ROWS_AROUND);
  return {
    from: first * columns,
    to: Math.min(count, behind * columns),
    abovePx: first * rowHeightPx,
    belowPx: (rows - behind) * rowHeightPx,
  };
}

/** Follow scrolling and the size of a grid; all its cells are equally high. */
export function useWindow(
  list: RefObject<HTMLElement | null>,
  count: number,
): { part: Part; showRowOf: (at: number) => void } {
  const [grid, setGrid] = useState<Grid | null>(null);
  const [part, setPart] = useState(() => partOf(null, count, 0, 0));

  useLayoutEffect(() => {
    const shown = list.current;
    if (!shown) return;
    let frame = 0;
    const look = () => {
      frame = 0;
      if (shown.offsetParent === null) return; // hidden, so that nothing can be measured
      const now = measured(shown);
      setGrid((before) => (same(before, now) ? before : now));
      setPart((before) => {
        const next = partOf(now, count, shown.getBoundingClientRect().top, innerHeight);
        return same(before, next) ? before : next;
      });
    };
    const soon = () => {
      frame ||= requestAnimationFrame(look);
    };
    look();
    const sizes = new ResizeObserver(soon);
    sizes.observe(shown);
    addEventListener("scroll", soon, { passive: true });
    return () => {
      cancelAnimationFrame(frame);
      sizes.disconnect();
      removeEventListener("scroll", soon);
    };
  }, [list, count]);

  const showRowOf = useCallback(
    (at: number) => {
      const shown = list.current;
      if (!shown || !grid) return;
      const top = shown.getBoundingClientRect().top + scrollY + Math.floor(at / grid.columns) * grid.rowHeightPx;
      scrollTo({ top: top - innerHeight / 3 });
    },
    [list, grid],
  );
  return { part, showRowOf };
}

function measured(list: HTMLElement): Grid | null {
  const cell = list.firstElementChild as HTMLElement | null;
  if (!cell) return null;
  const style = getComputedStyle(list);
  return {
    columns: style.gridTemplateColumns.split(" ").length,
    rowHeightPx: cell.getBoundingClientRect().height + Number.parseFloat(style.rowGap || "0"),
  };
}

function same<T extends object>(one: T | null, other: T | null): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
