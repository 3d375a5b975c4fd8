using System.Buffers.Binary;
using System.Text;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Fuzz.Kinds;

/// <summary>Data sets on disk in every layout that is read, looked at and loaded.</summary>
internal sealed class DataKind : IFuzzKind
{
    private static readonly string[] StrangeNames =
    [
        "._x.png",
        "Thumbs.db",
        "a.bmp",
        "b.webp",
        "c.tif",
        "d.txt",
        "picture",
        "e.PNG",
        "\u202Ef.png",
        "g.jpeg",
    ];

    public Outcome Try(Random random, string folder)
    {
        DatasetSource source = random.Next(4) switch
        {
            0 => Pictures(random, folder),
            1 => Digits(folder),
            2 => Cifar(folder),
            _ => Signs(random, folder),
        };
        var files = Directory
            .GetFiles(folder, "*", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .ToArray();
        for (var i = random.Next(0, 3); i > 0; i--)
        {
            var file = files[random.Next(files.Length)];
            switch (random.Next(5))
            {
                case 0 when File.Exists(file):
                    File.Delete(file);
                    break;
                case 1 when File.Exists(file):
                    File.Move(
                        file,
                        Path.Combine(Path.GetDirectoryName(file)!, StrangeNames[random.Next(StrangeNames.Length)]),
                        overwrite: true
                    );
                    break;
                case 2:
                    Directory.CreateDirectory(
                        Path.Combine(Path.GetDirectoryName(file)!, random.Next(2) == 0 ? "__MACOSX" : "empty")
                    );
                    break;
                default:
                    if (File.Exists(file))
                    {
                        File.WriteAllBytes(file, Damage.Bytes(random, File.ReadAllBytes(file)));
                    }

                    break;
            }
        }

        source.Inspect(folder);
        try
        {
            source.Load(folder, new SeedTree(1));
            return Outcome.Taken;
        }
        catch (DatasetException)
        {
            return Outcome.Declined;
        }
    }

    private static ImageFolder Pictures(Random random, string root)
    {
        var split = random.Next(2) == 0;
        foreach (var part in split ? (string[])["train", "val"] : [""])
        {
            foreach (var name in (string[])["1", "2", "10"])
            {
                var folder = Directory.CreateDirectory(Path.Combine(root, "own", part, name)).FullName;
                for (var i = 0; i < 4; i++)
                {
                    var pixels = new byte[3 * 12 * 12];
                    random.NextBytes(pixels);
                    File.WriteAllBytes(Path.Combine(folder, $"{i}.png"), ImageFiles.EncodePng(pixels, 12, 12, 3));
                }
            }
        }

        return new()
        {
            Path = "own",
            Resize = 12,
            Crop = 8,
        };
    }

    private static Mnist Digits(string root)
    {
        var folder = Directory.CreateDirectory(Path.Combine(root, "mnist")).FullName;
        foreach (var (name, count) in new[] { ("train", 20), ("t10k", 10) })
        {
            File.WriteAllBytes(
                Path.Combine(folder, $"{name}-images-idx3-ubyte"),
                [.. Numbers(2051, count, 28, 28), .. new byte[count * 784]]
            );
            File.WriteAllBytes(
                Path.Combine(folder, $"{name}-labels-idx1-ubyte"),
                [.. Numbers(2049, count), .. Enumerable.Range(0, count).Select(i => (byte)(i % 10))]
            );
        }

        return new();
    }

    private static Cifar10 Cifar(string root)
    {
        var folder = Directory.CreateDirectory(Path.Combine(root, "cifar-10-batches-bin")).FullName;
        foreach (
            var file in (string[])
                [
                    "data_batch_1.bin",
                    "data_batch_2.bin",
                    "data_batch_3.bin",
                    "data_batch_4.bin",
                    "data_batch_5.bin",
                    "test_batch.bin",
                ]
        )
        {
            File.WriteAllBytes(
                Path.Combine(folder, file),
                [.. Enumerable.Range(0, 10).SelectMany(i => Enumerable.Repeat((byte)i, 3073))]
            );
        }

        return new();
    }

    private static Gtsrb Signs(Random random, string root)
    {
        byte[] picture = [.. "P6\n8 8\n255\n"u8, .. new byte[192]];
        var table = new StringBuilder("Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId\r\n");
        for (var label = 0; label < 3; label++)
        {
            var folder = Directory
                .CreateDirectory(Path.Combine(root, "gtsrb", "GTSRB", "Final_Training", "Images", $"{label:00000}"))
                .FullName;
            var rows = new StringBuilder(table.ToString());
            for (var i = 0; i < 2; i++)
            {
                File.WriteAllBytes(Path.Combine(folder, $"00000_{i:00000}.ppm"), picture);
                rows.Append($"00000_{i:00000}.ppm;8;8;1;1;6;6;{label}\r\n");
            }

            File.WriteAllText(
                Path.Combine(folder, $"GT-{label:00000}.csv"),
                rows + (random.Next(2) == 0 ? "\r\n" : "")
            );
        }

        var test = Directory.CreateDirectory(Path.Combine(root, "gtsrb", "GTSRB", "Final_Test", "Images")).FullName;
        File.WriteAllBytes(Path.Combine(test, "00000.ppm"), picture);
        File.WriteAllText(Path.Combine(root, "gtsrb", "GT-final_test.csv"), table + "00000.ppm;8;8;1;1;6;6;1\r\n");
        return new();
    }

    private static byte[] Numbers(params int[] numbers)
    {
        var bytes = new byte[4 * numbers.Length];
        for (var i = 0; i < numbers.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(4 * i), numbers[i]);
        }

        return bytes;
    }
}
