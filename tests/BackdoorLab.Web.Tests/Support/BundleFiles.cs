using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using BackdoorLab.Web.Files;

namespace BackdoorLab.Web.Tests.Support;

/// <summary>The files of a bundle, taken out and put back.</summary>
internal static class BundleFiles
{
    public static Dictionary<string, byte[]> Read(byte[] zip)
    {
        using var archive = new ZipArchive(new MemoryStream(zip));
        return archive.Entries.ToDictionary(
            entry => entry.FullName,
            entry =>
            {
                using var stream = entry.Open();
                using var whole = new MemoryStream();
                stream.CopyTo(whole);
                return whole.ToArray();
            }
        );
    }

    public static byte[] Write(Dictionary<string, byte[]> files, bool resign = true)
    {
        if (resign)
        {
            files[RunBundle.ChecksumFile] = Encoding.UTF8.GetBytes(
                string.Concat(
                    files
                        .Where(file => file.Key != RunBundle.ChecksumFile)
                        .Select(file => $"{Convert.ToHexStringLower(SHA256.HashData(file.Value))}  {file.Key}\n")
                )
            );
        }

        using var result = new MemoryStream();
        using (var archive = new ZipArchive(result, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, bytes) in files)
            {
                using var stream = archive.CreateEntry(name).Open();
                stream.Write(bytes);
            }
        }

        return result.ToArray();
    }
}
