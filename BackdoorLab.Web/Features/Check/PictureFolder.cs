using System.Globalization;
using System.Text.Json.Nodes;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Weights;
using BackdoorLab.Web.Files;
using BackdoorLab.Web.Shared.Specs;

namespace BackdoorLab.Web.Features.Check;

/// <summary>
/// Somebody's own pictures as the data set that a model file was trained for, while they are being described.
/// </summary>
public sealed class PictureFolder
{
    // What the networks of the catalog take.
    private static readonly ImageFolder Usual = new()
    {
        Path = "",
        Resize = 32,
        Crop = 32,
    };

    private readonly SpecDraft _draft;

    /// <summary>Pictures of the usual size, in a folder yet to be named.</summary>
    public PictureFolder()
        : this(Usual) { }

    /// <summary>Pictures of an earlier check.</summary>
    public PictureFolder(ImageFolder pictures) =>
        _draft = SpecDraft.From(Presets.Demo.Spec with { Dataset = pictures });

    /// <summary>Folder below the data root.</summary>
    public string Folder
    {
        get => Text("path");
        set => _draft.Set("dataset.path", value);
    }

    /// <summary>Side of the square that is cut out, as typed. A short side of the same length follows it.</summary>
    public string Side
    {
        get => Text("crop");
        set
        {
            var follows = ShortSide == Side;
            _draft.Set("dataset.crop", Number(value));
            if (follows)
            {
                ShortSide = value;
            }
        }
    }

    /// <summary>Length of the short side before the square is cut out, as typed.</summary>
    public string ShortSide
    {
        get => Text("resize");
        set => _draft.Set("dataset.resize", Number(value));
    }

    /// <summary>Order of the classes, as its JSON has it.</summary>
    public string Order
    {
        get => Text("classOrder") is { Length: > 0 } order ? order : "automatic";
        set => _draft.Set("dataset.classOrder", value);
    }

    /// <summary>A file in the folder that states the order; empty for the usual one.</summary>
    public string ClassFile
    {
        get => Text("classFile");
        set => _draft.Set("dataset.classFile", value);
    }

    /// <summary>What was found there: the order of the classes, what is left out.</summary>
    public IReadOnlyList<string> Remarks { get; private set; } = [];

    /// <summary>The network that the file holds for them; null while they do not fit.</summary>
    public CheckCandidate? Candidate { get; private set; }

    /// <summary>Why they do not fit; empty where nothing is said yet.</summary>
    public string Fault { get; private set; } = "";

    /// <summary>
    /// Looks at the folder and compares it with the file. Of several looks the last one counts, whichever ends last.
    /// </summary>
    public async Task Look(ModelShelf shelf, ShelvedModel model, ModelPart? part = null)
    {
        var version = _draft.Version;
        (Candidate, Fault, Remarks) = (null, Typed(), []);
        if (Fault.Length > 0 || _draft.Dataset() is not ImageFolder { Path.Length: > 0 } pictures)
        {
            return;
        }

        var (candidate, fault, remarks) = await Task.Run(() => Compare(shelf, model, part, pictures));
        if (version == _draft.Version)
        {
            (Candidate, Fault, Remarks) = (candidate, fault, remarks);
        }
    }

    private static (CheckCandidate? Candidate, string Fault, IReadOnlyList<string> Remarks) Compare(
        ModelShelf shelf,
        ShelvedModel model,
        ModelPart? part,
        ImageFolder pictures
    )
    {
        try
        {
            var candidate = shelf.Candidates(model, [pictures], part)[0];
            return candidate.Fit.Fits
                ? (candidate, "", shelf.RemarksOf(candidate.Dataset))
                : (null, candidate.Fit.Fault, []);
        }
        catch (Exception error)
            when (error is DatasetException or WeightFileException or IOException or UnauthorizedAccessException)
        {
            return (null, error.Message, []);
        }
    }

    private string Typed() =>
        _draft
            .FaultsAt("dataset.crop")
            .Select(fault => "Picture size " + fault)
            .Concat(_draft.FaultsAt("dataset.resize").Select(fault => "Short side " + fault))
            .FirstOrDefault()
        ?? "";

    private string Text(string parameter) => _draft.At($"dataset.{parameter}")?.ToString() ?? "";

    // What is no number stays as typed, so that the validator can say so.
    private static JsonNode Number(string typed) =>
        int.TryParse(typed, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number)
            ? JsonValue.Create(number)
            : JsonValue.Create(typed)!;
}
