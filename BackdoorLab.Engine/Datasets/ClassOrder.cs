using System.Text.RegularExpressions;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Datasets;

/// <summary>In which order class folders are the labels 0, 1, 2 and so on.</summary>
public enum ClassOrder
{
    /// <summary>
    /// As a file classes.txt has it; without one by number where all names are numbers, else alphabetically.
    /// </summary>
    Automatic,

    /// <summary>
    /// By the code of their letters, numbers too (1, 10, 11, 2): what torchvision's ImageFolder does.
    /// </summary>
    Alphabetical,
}

/// <summary>Orders class folders and says which order that is.</summary>
internal static partial class ClassOrdering
{
    /// <summary>The order file that is taken without being named.</summary>
    internal const string UsualFile = "classes.txt";

    /// <summary>
    /// An order that Tiny-ImageNet publishes and most of its users do not follow; it is only taken when it is named.
    /// </summary>
    internal const string SynsetFile = "wnids.txt";

    /// <summary>The names in order, and a sentence that shows it.</summary>
    /// <param name="names">Class folders, each once.</param>
    /// <param name="folder">Where an order file lies.</param>
    /// <param name="order">What was asked for.</param>
    /// <param name="file">The order file that was named, relative to <paramref name="folder"/>; empty where none
    /// was.</param>
    /// <exception cref="DatasetException">The order file does not name exactly the class folders.</exception>
    public static (string[] Names, string Remark) Of(
        IReadOnlyCollection<string> names,
        string folder,
        ClassOrder order,
        string file
    )
    {
        if (file.Length > 0 || (order == ClassOrder.Automatic && File.Exists(Path.Combine(folder, UsualFile))))
        {
            var path = Path.Combine(folder, file.Length > 0 ? file : UsualFile);
            var listed = Listed(path, names);
            return (listed, $"classes in the order of {Path.GetFileName(path)}: {DataFile.Some(listed)}");
        }

        var byNumber = order == ClassOrder.Automatic && names.All(name => Digits().IsMatch(name));
        string[] ordered = byNumber
            ? [.. names.Order(NaturalOrder.Instance).ThenBy(name => name, StringComparer.Ordinal)]
            : [.. names.Order(StringComparer.Ordinal)];
        var unused = File.Exists(Path.Combine(folder, SynsetFile))
            ? $"; the order of {SynsetFile} is another and not used unless 'classFile' names it"
            : "";
        return (
            ordered,
            $"classes in {(byNumber ? "numeric" : "alphabetical")} order: {DataFile.Some(ordered)}{unused}"
        );
    }

    private static string[] Listed(string path, IReadOnlyCollection<string> names)
    {
        var remedy =
            $"List every class folder once, one name a line, or set 'classOrder' to 'alphabetical' and leave out 'classFile'.";
        var left = names.ToHashSet(StringComparer.Ordinal);
        var listed = new List<string>();
        foreach (var (number, text) in DataFile.Lines(path, remedy))
        {
            var name = text.Trim();
            if (!left.Remove(name))
            {
                throw DataFile.DamagedLine(
                    path,
                    number,
                    listed.Contains(name) ? $"'{name}' has a line already." : $"there is no class folder '{name}'.",
                    remedy
                );
            }

            listed.Add(name);
        }

        return left.Count == 0
            ? [.. listed]
            : throw new DatasetException(
                $"{path} does not name the class folder{(left.Count == 1 ? "" : "s")} {DataFile.Some([.. left.Order(StringComparer.Ordinal)])}. {remedy}"
            );
    }

    [GeneratedRegex("^[0-9]+$")]
    private static partial Regex Digits();
}
