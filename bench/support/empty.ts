/**
 * A script that does nothing. It shows how much starting a runtime costs.
 *
 * @module
 */

export {};
