using System.Runtime.CompilerServices;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Extension.Tests;

/// <summary>What a program with methods of its own does as it starts.</summary>
internal static class ProgramStart
{
    [ModuleInitializer]
    internal static void IncludeMethods() => MethodCatalog.Include(typeof(ProgramStart).Assembly);
}
