using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Tests.Structure;
using BackdoorLab.Web.Commands;

namespace BackdoorLab.Web.Tests.Documents;

public sealed class MethodsDocumentTests
{
    [Fact]
    public void Document_OfTheCatalog_IsDocsMethods()
    {
        var file = Path.Combine(Repository.Root, "docs", "methods.md");
        Assert.True(
            File.ReadAllText(file).ReplaceLineEndings("\n") == MethodsDocument.Write(MethodCatalog.Default),
            "docs/methods.md is not what the methods say. Make it again: dotnet run --project BackdoorLab.Web -- methods --markdown docs/methods.md"
        );
    }
}
