using Microsoft.Playwright;

namespace BackdoorLab.Browser.Tests;

/// <summary>The browser of the machine. The tests bring none of their own.</summary>
internal static class Chromium
{
    private const string Named = "BACKDOORLAB_CHROMIUM";
    private const string Required = "BACKDOORLAB_REQUIRE_BROWSER";

    /// <summary>
    /// The shell without windows first: the same engine, and a quarter less processor time than the whole browser
    /// run headless.
    /// </summary>
    private static readonly string[] Places =
    [
        "/usr/bin/chromium-headless-shell",
        "/usr/bin/chromium",
        "/usr/bin/chromium-browser",
        "/usr/bin/google-chrome",
        "/snap/bin/chromium",
    ];

    /// <summary>Path of the executable, or null when there is none.</summary>
    public static string? Executable { get; } =
        Environment.GetEnvironmentVariable(Named) is { Length: > 0 } named ? named : Places.FirstOrDefault(File.Exists);

    /// <summary>Ends the test as skipped when there is no browser, and as failed where a browser is required.</summary>
    public static void SkipIfAbsent()
    {
        if (Executable is not null && File.Exists(Executable))
        {
            return;
        }

        var reason = Executable is null
            ? $"No Chromium was found; install it or name it in {Named}."
            : $"{Named} names '{Executable}', which does not exist.";
        Assert.True(Environment.GetEnvironmentVariable(Required) != "1", reason);
        Skip.If(true, reason);
    }

    public static Task<IBrowser> Launch(IPlaywright playwright) =>
        playwright.Chromium.LaunchAsync(
            new()
            {
                ExecutablePath = Executable,
                Headless = true,
                Args =
                [
                    // A container's root user has no sandbox; the rest keeps the browser from calling home.
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-dev-shm-usage",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-sync",
                    "--no-first-run",
                    "--font-render-hinting=none",
                ],
            }
        );
}
