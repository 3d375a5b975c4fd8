using System.IO.Enumeration;

namespace BackdoorLab.Engine.Datasets;

/// <summary>
/// The class folders and pictures of a folder, and nothing passed over in silence: what systems and editors leave
/// behind is counted, so are files that are no pictures, and a class without pictures is refused.
/// </summary>
/// <param name="root">The data set's folder.</param>
/// <param name="remedy">What to do when it is wrong.</param>
internal sealed class PictureFolders(string root, string remedy)
{
    // Tiny-ImageNet keeps the pictures of a class, and those of its validation, one folder further down.
    private const string Inner = "images";

    private static readonly string[] TrainNames = ["train", "training"];
    private static readonly string[] TestNames = ["val", "valid", "validation", "test", "testing"];

    /// <summary>What was not read.</summary>
    public LeftOut LeftOut { get; } = new(root);

    /// <summary>
    /// The folders of training and of test pictures. The first is null where the class folders stand right in the data
    /// set's folder, the second where a training folder has no counterpart.
    /// </summary>
    public (string? Train, string? Test) Splits()
    {
        var folders = Entries(root).Where(entry => entry.IsFolder).Select(entry => entry.Name).ToList();
        var train = First(TrainNames);
        var test = train is null ? null : First(TestNames);

        // A class may be called training; the data set's folder is only then one of splits when both are there, or the
        // usual one.
        if (train is null || (test is null && train != TrainNames[0]))
        {
            return (null, null);
        }

        foreach (var (name, isFolder) in Entries(root))
        {
            var path = Path.Combine(root, name);
            if (LeftOut.Takes(path, isFolder) || name == train || name == test)
            {
                continue;
            }

            if (isFolder)
            {
                LeftOut.Add($"folder beside {train}/", path);
            }
            else
            {
                Beside(path);
            }
        }

        return (Path.Combine(root, train), test is null ? null : Path.Combine(root, test));

        string? First(string[] names) =>
            names
                .SelectMany(name =>
                    folders
                        .Where(folder => folder == name)
                        .Concat(
                            folders
                                .Where(folder => folder.Equals(name, StringComparison.OrdinalIgnoreCase))
                                .Order(StringComparer.Ordinal)
                        )
                )
                .FirstOrDefault();
    }

    /// <summary>Names of the class folders in a folder, in no order; what stands beside them is counted.</summary>
    public List<string> Classes(string folder)
    {
        var classes = new List<string>();
        foreach (var (name, isFolder) in Entries(folder))
        {
            var path = Path.Combine(folder, name);
            if (LeftOut.Takes(path, isFolder))
            {
                continue;
            }

            if (isFolder)
            {
                classes.Add(name);
            }
            else
            {
                Beside(path);
            }
        }

        return classes;
    }

    /// <summary>The pictures of one class, by name.</summary>
    /// <exception cref="DatasetException">There is none that can be read.</exception>
    public List<string> Pictures(string classFolder)
    {
        var (pictures, others) = Look(classFolder);
        if (pictures.Count > 0)
        {
            return pictures;
        }

        var there = others.Count == 0 ? "it is empty" : $"it holds {DataFile.Some(others, 4)}";
        throw new DatasetException(
            $"Class folder {classFolder} has no {ImageFiles.Kinds} picture: {there}. Convert its pictures to PNG, put some there, or remove the folder. {remedy}"
        );
    }

    /// <summary>
    /// The pictures of a folder without classes, by name; those of Tiny-ImageNet one folder further down.
    /// </summary>
    public List<string> FlatPictures(string folder) => Look(folder).Pictures;

    /// <summary>Whether the folders in a folder of test pictures are none of classes.</summary>
    public static bool IsFlat(IReadOnlyCollection<string> folders, IReadOnlyCollection<string> classes) =>
        folders.Count == 0 || (folders.Count == 1 && folders.First() == Inner && !classes.Contains(Inner));

    // Lists, licences and the like belong there; pictures do not.
    private void Beside(string path)
    {
        if (ImageFiles.IsPicture(path) || ImageFiles.IsUnreadPicture(path))
        {
            LeftOut.Add("picture beside the class folders", path);
        }
    }

    private (List<string> Pictures, List<string> Others) Look(string folder)
    {
        var (pictures, others) = (new List<string>(), new List<string>());
        Collect(folder, pictures, others);
        pictures.Sort(StringComparer.Ordinal);
        return (pictures, others);
    }

    private void Collect(string folder, List<string> pictures, List<string> others)
    {
        foreach (var (name, isFolder) in Entries(folder))
        {
            var path = Path.Combine(folder, name);
            if (LeftOut.Takes(path, isFolder) || ValidationList.IsList(name))
            {
                continue;
            }

            // A folder by a picture's name is opened as one, and refused by its name.
            if (ImageFiles.IsPicture(name))
            {
                pictures.Add(path);
            }
            else if (!isFolder)
            {
                others.Add(name);
                LeftOut.AddFile(path);
            }
            else if (name == Inner && Path.GetFileName(folder) != Inner)
            {
                Collect(path, pictures, others);
            }
            else
            {
                others.Add(name + "/");
                LeftOut.Add("folder inside a class folder", path);
            }
        }
    }

    private List<(string Name, bool IsFolder)> Entries(string folder)
    {
        try
        {
            return
            [
                .. new FileSystemEnumerable<(string Name, bool IsFolder)>(
                    folder,
                    (ref FileSystemEntry entry) => (entry.FileName.ToString(), entry.IsDirectory),
                    new EnumerationOptions { AttributesToSkip = 0, IgnoreInaccessible = false }
                ).OrderBy(entry => entry.Name, StringComparer.Ordinal),
            ];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"Folder {folder} cannot be read: {error.Message} {remedy}", error);
        }
    }
}
