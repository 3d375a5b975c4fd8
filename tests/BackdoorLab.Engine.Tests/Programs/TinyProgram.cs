using BackdoorLab.Engine.Quantization;

namespace BackdoorLab.Engine.Tests.Programs;

/// <summary>TorchScript files with a program of a line or two.</summary>
internal static class TinyProgram
{
    private const string Frame = """
        class M(Module):
          __parameters__ = []
          __buffers__ = []
          training : bool
          def forward(self: __torch__.M, x: Tensor) -> {0}:
            {1}

        """;

    /// <summary>A file whose program is one expression of its images <c>x</c>.</summary>
    internal static byte[] Of(string expression, string type = "Tensor") => Lines($"return {expression}", type);

    /// <summary>The same of several lines.</summary>
    internal static byte[] Lines(string lines, string type = "Tensor") =>
        TorchScriptArchive.Write(
            Frame
                .Replace("{0}", type, StringComparison.Ordinal)
                .Replace("{1}", lines.ReplaceLineEndings("\n    "), StringComparison.Ordinal)
                .ReplaceLineEndings("\n"),
            []
        );
}
