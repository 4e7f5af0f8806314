/**
 * A script that does nothing: what starting a runtime costs.
 *
 * @module
 */

export {};
