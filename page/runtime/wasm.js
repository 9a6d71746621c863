/** Functions of a WebAssembly module: told apart by whether they were called, and left out. */

const [IMPORTS, GLOBALS, EXPORTS, CODE, NAMES] = [2, 6, 7, 10, 0];
const GLOBAL = 3;
/** No local variables, and a trap. */
const TRAP = Buffer.from([0x00, 0x00, 0x0b]);

export const calledName = (index) => `called ${index}`;

/** How many functions a module has, without those that it imports. */
export function functionCount(module) {
  return number(bodyOf(sectionsOf(module), CODE), 0)[0];
}

/** Return the module, in which each function sets an exported global, named by `calledName`. */
export function probed(module) {
  const sections = sectionsOf(module);
  const bodies = listOf(bodyOf(sections, CODE));
  const own = number(bodyOf(sections, GLOBALS), 0)[0];
  const first = own + importedGlobals(bodyOf(sections, IMPORTS));
  const zero = Buffer.from([0x7f, 0x01, 0x41, 0x00, 0x0b]); // a variable i32, 0 at first
  const exported = bodies.map((_, index) => {
    const name = Buffer.from(calledName(index));
    return Buffer.concat([leb(name.length), name, Buffer.from([GLOBAL]), leb(first + index)]);
  });
  const marking = bodies.map((body, index) => {
    const at = afterLocals(body);
    const mark = [Buffer.from([0x41, 0x01, 0x24]), leb(first + index)]; // i32.const 1, global.set
    return Buffer.concat([body.subarray(0, at), ...mark, body.subarray(at)]);
  });
  return written(module, sections, {
    [GLOBALS]: extended(bodyOf(sections, GLOBALS), bodies.map(() => zero)),
    [EXPORTS]: extended(bodyOf(sections, EXPORTS), exported),
    [CODE]: list(marking),
  });
}

/** Return the module, in which the functions that are not kept do nothing but end the program. */
export function trimmed(module, isKept) {
  const sections = sectionsOf(module).filter(({ id }) => id !== NAMES);
  const bodies = listOf(bodyOf(sections, CODE));
  return written(module, sections, {
    [CODE]: list(bodies.map((body, index) => (isKept(index) ? body : TRAP))),
  });
}

function sectionsOf(module) {
  const sections = [];
  for (let at = 8; at < module.length; ) {
    const [length, start] = number(module, at + 1);
    sections.push({ id: module[at], body: module.subarray(start, start + length) });
    at = start + length;
  }
  return sections;
}

const bodyOf = (sections, wanted) => sections.find(({ id }) => id === wanted).body;

function written(module, sections, changed) {
  const parts = sections.flatMap(({ id, body }) => {
    const now = changed[id] ?? body;
    return [Buffer.from([id]), leb(now.length), now];
  });
  return Buffer.concat([module.subarray(0, 8), ...parts]);
}

/** Read a number of seven bits a byte; return it and where it ends. */
function number(bytes, at) {
  for (let [value, place] = [0, 1]; ; place *= 128) {
    const byte = bytes[at++];
    value += (byte & 127) * place;
    if (byte < 128) return [value, at];
  }
}

function leb(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return Buffer.from([...bytes, value]);
}

function listOf(section) {
  const entries = [];
  let [count, at] = number(section, 0);
  for (; count > 0; count -= 1) {
    const [length, start] = number(section, at);
    entries.push(section.subarray(start, start + length));
    at = start + length;
  }
  return entries;
}

const list = (entries) =>
  Buffer.concat([leb(entries.length), ...entries.flatMap((entry) => [leb(entry.length), entry])]);

function extended(section, more) {
  const [count, at] = number(section, 0);
  return Buffer.concat([leb(count + more.length), section.subarray(at), ...more]);
}

function afterLocals(body) {
  let [groups, at] = number(body, 0);
  for (; groups > 0; groups -= 1) at = number(body, at)[1] + 1;
  return at;
}

function importedGlobals(section) {
  let [count, at] = number(section, 0);
  let globals = 0;
  const skip = () => ([, at] = number(section, at));
  const skipLimits = () => {
    const hasMaximum = section[at++] & 1;
    skip();
    if (hasMaximum) skip();
  };
  for (; count > 0; count -= 1) {
    for (const _ of ["module", "name"]) {
      const [length, start] = number(section, at);
      at = start + length;
    }
    const kind = section[at++];
    if (kind === 0) skip();
    if (kind === 1) at += 1; // the type of a table's entries
    if (kind === 1 || kind === 2) skipLimits();
    if (kind === GLOBAL) at += 2;
    if (kind === GLOBAL) globals += 1;
    if (kind > GLOBAL) throw new Error(`an import of kind ${kind}`);
  }
  return globals;
}
