import { assertEquals, assertThrows } from "@std/assert";
import { PathPlan } from "../../src/cli/path_plan.ts";
import type { Job } from "../../src/cli/sink.ts";
import { test } from "../support/test.ts";

const jobOf = (index: number, text: string, out?: string, variant = ""): Job => ({
  index,
  input: { ok: true, text, url: new URL(text), parts: { out }, where: "-" },
  variant,
  durationMs: 0,
});

test("PathPlan.pathOf() returns the input's 'out', made safe, or the path of its URL", () => {
  const plan = new PathPlan(true);
  assertEquals(plan.pathOf(jobOf(0, "https://h/a.json")), ["h", "a.json"]);
  assertEquals(plan.pathOf(jobOf(1, "https://h/A.json")), ["h", "A.json"]);
  assertEquals(plan.pathOf(jobOf(2, "https://h/a", "x/./y:z.json")), ["x", "y_z.json"]);
  assertEquals(plan.pathOf(jobOf(2, "https://h/a", "x/./y:z.json")), ["x", "y_z.json"]);
  assertEquals(new PathPlan(false).pathOf(jobOf(1, "https://h/A.json"))[1] === "A.json", false);
});

test("PathPlan.pathOf() refuses a path out of the folder, and one that another input has given", () => {
  const plan = new PathPlan(true);
  for (const out of ["../x", "a/../../x", "", "/", "."]) {
    assertThrows(
      () => plan.pathOf(jobOf(0, "https://h/a", out)),
      TypeError,
      "'out' must be a path below the folder",
    );
  }
  assertEquals(plan.pathOf(jobOf(1, "https://h/a", "/etc/x")), ["etc", "x"]);
  assertThrows(() => plan.pathOf(jobOf(2, "https://h/b", "ETC/X")), TypeError, "input 2 has the same 'out'");
});

test("PathPlan.pathOf() gives no input the name of the manifest", () => {
  const plan = new PathPlan(true, ["h", "a.json"]);
  for (
    const job of [
      jobOf(0, "https://h/a.json"),
      jobOf(1, "https://h/b", "h/a.json"),
      jobOf(2, "https://h/b", "H/A.JSON"),
    ]
  ) {
    assertThrows(() => plan.pathOf(job), TypeError, "Cannot write as the manifest has that name");
  }
  assertEquals(plan.pathOf(jobOf(3, "https://h/a")), ["h", "a.body"]);
});

test("PathPlan.pathOf() refuses an 'out' that is another input's file, in whichever order they come", () => {
  for (const out of ["h/a.json", "H/A.json", "./h//a.json"]) {
    const saidFirst = new PathPlan(true);
    saidFirst.pathOf(jobOf(0, "https://h/b", out));
    assertThrows(
      () => saidFirst.pathOf(jobOf(1, "https://h/a.json")),
      TypeError,
      `Cannot write as input 1 has that 'out': "h/a.json"`,
    );
    const saidLast = new PathPlan(true);
    for (const index of [0, 1]) saidLast.pathOf(jobOf(index, "https://h/a.json"));
    assertThrows(
      () => saidLast.pathOf(jobOf(2, "https://h/b", out)),
      TypeError,
      `Cannot write as another input's file has that name: ${JSON.stringify(out)}`,
    );
    assertEquals(saidLast.pathOf(jobOf(3, "https://h/b")), ["h", "b.body"]);
  }
});

test("PathPlan.pathOf() refuses a path that would replace another user's file", () => {
  const users = ["", "a:b@", "a:c@", "b:b@"];
  for (const first of users) {
    for (const second of users) {
      const plan = new PathPlan(true);
      assertEquals(plan.pathOf(jobOf(0, `https://${first}h/Me.json`)), ["h", "Me.json"]);
      assertEquals(plan.pathOf(jobOf(1, `https://${second}h/me.json`)), ["h", "me.json"]);
      const again = () => plan.pathOf(jobOf(2, `https://${second}h/Me.json#x`));
      if (first === second) assertEquals(again(), ["h", "Me.json"]);
      else {assertThrows(
          again,
          TypeError,
          `the file of another user has that name: give an 'out': "h/Me.json"`,
        );}
      assertEquals(plan.pathOf(jobOf(3, `https://${second}h/Me.json`, "x.json")), ["x.json"]);
    }
  }
});

test("PathPlan.pathOf() refuses an 'out' that looks like an incomplete file", () => {
  const plan = new PathPlan(true);
  for (const out of ["a.part", "x/a.json.PART", "a.part.json"]) {
    assertThrows(() => plan.pathOf(jobOf(0, "https://h/a", out)), TypeError, "must not end with '.part'");
  }
  assertEquals(plan.pathOf(jobOf(0, "https://h/a", "a.part.txt")), ["a.part.txt"]);
});
