import { describe, expect, test } from "bun:test";
import { configOf, errorsOf, load } from "./loading.ts";

describe("flags", () => {
  test("take their value after a blank or an equals sign", () => {
    const config = configOf({ argv: "--host ::1 --port=8001 --log-level ERROR --workers=1" });
    expect(config).toMatchObject({ host: "::1", port: 8001, logLevel: "error", workers: 1 });
  });

  test("of a flag given twice, the last counts", () => {
    expect(configOf({ argv: "--port 1 --port 2" }).port).toBe(2);
  });

  test("--reload stands alone, or says true or false", () => {
    expect(configOf({ argv: "--reload" }).reload).toBe(true);
    expect(configOf({ argv: "--reload=no", env: { RELOAD: "true" } }).reload).toBe(false);
    expect(configOf({ argv: "--reload --port 3" })).toMatchObject({ reload: true, port: 3 });
  });

  test("a lone -- is passed over", () => {
    expect(configOf({ argv: "-- --port 8001" }).port).toBe(8001);
  });

  test.each([
    ["--prot 80", "--prot: unknown flag. Did you mean --port?"],
    ["--log-levle=INFO", "--log-levle=INFO: unknown flag. Did you mean --log-level?"],
    ["--frobnicate", "--frobnicate: unknown flag. --help lists those there are."],
    ["-x", "-x: unknown flag. --help lists those there are."],
    ["serve", '"serve": unexpected argument. Flags begin with --; --help lists them.'],
    ["--port", "--port: the value is missing. Give it as --port=<port>."],
    ["--port=", "--port: the value is missing. Give it as --port=<port>."],
    ["--host --reload", "--host: the value is missing. Give it as --host=<host>."],
    ["--dev=true", "--dev=true: --dev takes no value. Give --dev alone."],
    ["--dev --prod", "--dev with --prod: they exclude each other. Give one of them."],
    ["--port=-5", "--port=-5: less than 0, the least allowed. Give a whole number from 0 to 65535."],
    ["--port -5", "--port=-5: less than 0, the least allowed. Give a whole number from 0 to 65535."],
  ])("%s is refused", (argv, error) => {
    expect(errorsOf({ argv })[0]).toBe(error);
  });

  test.each(["--help", "-h", "--port nonsense --help", "--wrong --help --version"])(
    "%s asks for help",
    (argv) => {
      expect(load({ argv }).kind).toBe("help");
    },
  );

  test.each(["--version", "-v"])("%s says the version", (argv) => {
    const loaded = load({ argv });
    expect(loaded.kind === "version" && loaded.text).toMatch(/^fanfare \d+\.\d+\.\d+$/);
  });
});
