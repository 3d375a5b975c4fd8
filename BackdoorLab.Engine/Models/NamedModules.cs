using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>
/// Modules under the names that published files give them, numbers among them ("features.0"); it computes nothing.
/// </summary>
internal sealed class NamedModules() : nn.Module(nameof(NamedModules))
{
    /// <summary>Takes a module in.</summary>
    internal T Add<T>(string name, T module)
        where T : nn.Module
    {
        register_module(name, module);
        return module;
    }
}
