using System.CommandLine;
using System.CommandLine.Parsing;
using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Web.Commands;

/// <summary>
/// Somebody's own pictures on the command line, in place of a named data set: a folder for each class, anywhere on the
/// machine.
/// </summary>
internal sealed class PictureOptions
{
    private readonly Option<DirectoryInfo?> _folder = new("--folder")
    {
        Description =
            "Your own pictures instead of a data set: a folder that holds train/ and val/, or the class folders themselves.",
        HelpName = "FOLDER",
    };

    private readonly Option<int> _crop = new("--crop")
    {
        Description = "With --folder: side of the square that the model takes, in pixels.",
        DefaultValueFactory = _ => 32,
    };

    private readonly Option<int?> _resize = new("--resize")
    {
        Description = "With --folder: length of the short side before the square is cut out; as --crop unless given.",
    };

    private readonly Option<ClassOrder> _order = new("--class-order")
    {
        Description =
            "With --folder: which class folder is label 0, 1, 2. Automatic: as classes.txt in the folder has it, else by number where all names are numbers, else alphabetical; Alphabetical: as torchvision's ImageFolder.",
    };

    private readonly Option<string?> _classes = new("--class-file")
    {
        Description =
            "With --folder: a file in it that names every class folder once, one a line, in the order of the model's outputs.",
        HelpName = "FILE",
    };

    /// <summary>Adds them to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_folder, _crop, _resize, _order, _classes])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Either pictures or a data set.</summary>
    public void Validate(CommandResult result, Option<string?> dataset)
    {
        if ((result.GetResult(_folder) is null) == (result.GetResult(dataset) is null))
        {
            result.AddError(
                "Say what the model was trained for: --dataset ID, or --folder FOLDER with your own pictures."
            );
        }
    }

    /// <summary>The pictures and the folder that stands for the data root, or null where none were given.</summary>
    /// <exception cref="DatasetException">The folder is a whole drive.</exception>
    public (DatasetSource Source, string Root)? Read(ParseResult parsed)
    {
        if (parsed.GetValue(_folder) is not { } folder)
        {
            return null;
        }

        var root =
            folder.Parent
            ?? throw new DatasetException(
                $"{folder.FullName} is no folder of pictures. Give the folder that holds a folder for each class."
            );
        var crop = parsed.GetValue(_crop);
        return (
            new ImageFolder
            {
                Path = folder.Name,
                Crop = crop,
                Resize = parsed.GetValue(_resize) ?? crop,
                ClassOrder = parsed.GetValue(_order),
                ClassFile = parsed.GetValue(_classes) ?? "",
            },
            root.FullName
        );
    }
}
