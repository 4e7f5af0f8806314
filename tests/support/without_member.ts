/**
 * Runs a function while an object lacks a member, as on an older runtime.
 *
 * @param target The object.
 * @param name The name of the member.
 * @param work The function to run.
 */
export async function withoutMember(
  target: object,
  name: string,
  work: () => void | Promise<void>,
): Promise<void> {
  const member = Object.getOwnPropertyDescriptor(target, name)!;
  Reflect.deleteProperty(target, name);
  try {
    await work();
  } finally {
    Object.defineProperty(target, name, member);
  }
}
