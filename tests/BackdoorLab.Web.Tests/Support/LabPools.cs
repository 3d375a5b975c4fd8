using Microsoft.Data.Sqlite;

namespace BackdoorLab.Web.Tests.Support;

/// <summary>
/// Closes the connections that are kept open to one lab's database, and to no other's: other tests go on beside this
/// one.
/// </summary>
internal static class LabPools
{
    public static void Clear(string folder)
    {
        var text = new SqliteConnectionStringBuilder
        {
            DataSource = Path.Combine(Path.GetFullPath(folder), "lab.db"),
            ForeignKeys = true,
        };
        using var connection = new SqliteConnection(text.ToString());
        SqliteConnection.ClearPool(connection);
    }
}
