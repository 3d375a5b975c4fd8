using Microsoft.Playwright;

namespace BackdoorLab.Browser.Tests;

/// <summary>The form of a new run, as a person fills it in.</summary>
internal static class NewRunForm
{
    /// <summary>Name of the run that <see cref="OpenSmall"/> describes.</summary>
    public const string SmallName = "Small signs";

    /// <summary>
    /// Opens the form with the demo and makes it small: a seventh of the data, the smallest net, two precisions, three
    /// quick defenses.
    /// </summary>
    public static async Task OpenSmall(Visit visit)
    {
        await visit.Open("/runs/new?preset=demo");
        await Type(visit, "name", SmallName);
        await Type(visit, "cleanHoldout", "150");
        await Type(visit, "dataset.trainCount", "600");
        await Type(visit, "dataset.testCount", "300");
        await Type(visit, "training.epochs", "4");
        await Type(visit, "training.batchSize", "32");
        await visit.Page.Locator("#section-model input[value='mlp']").CheckAsync(new() { Force = true });
        await SwitchOff(visit, "neural-cleanse");
        await SwitchOff(visit, "fine-pruning");
        await SwitchOff(visit, "int4-weight-only");
    }

    /// <summary>The control of one parameter, by its path in the spec.</summary>
    public static ILocator Control(Visit visit, string path) => visit.Page.Locator($"#f-{path.Replace('.', '-')}");

    /// <summary>The control together with its label, help and complaint.</summary>
    public static ILocator Field(Visit visit, string path) =>
        visit.Page.Locator(".field").Filter(new() { Has = visit.Page.Locator($"#f-{path.Replace('.', '-')}") });

    /// <summary>Replaces the text of a control and leaves it.</summary>
    public static async Task Type(Visit visit, string path, string text)
    {
        var control = Control(visit, path);
        await control.FillAsync(text);
        await control.BlurAsync();
        await Assertions.Expect(control).ToHaveValueAsync(text);
    }

    /// <summary>Presses the button and waits for the run's page.</summary>
    /// <returns>Id of the run.</returns>
    public static async Task<string> Run(Visit visit)
    {
        await Assertions.Expect(visit.Page.Locator("aside .fault")).ToHaveCountAsync(0);
        await RunButton(visit).ClickAsync();
        await visit.Arrive("/runs/(?!new)[^/?]+");
        return new Uri(visit.Page.Url).Segments[^1];
    }

    public static ILocator RunButton(Visit visit) => visit.Page.GetByRole(AriaRole.Button, new() { Name = "Run now" });

    /// <summary>Takes a precision or a defense out.</summary>
    public static async Task SwitchOff(Visit visit, string method)
    {
        var item = visit.Page.Locator($".defense-item[data-method='{method}']");
        await item.Locator("input.box").UncheckAsync();
        await Assertions.Expect(item).Not.ToHaveClassAsync(new System.Text.RegularExpressions.Regex(@"\bon\b"));
    }
}
