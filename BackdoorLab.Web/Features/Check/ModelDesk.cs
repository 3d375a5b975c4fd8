using BackdoorLab.Data;
using BackdoorLab.Web.Files;
using BackdoorLab.Web.Security;

namespace BackdoorLab.Web.Features.Check;

/// <summary>Where people hand in model files: checks that they may, keeps the file, writes it down.</summary>
public sealed class ModelDesk(Actor actor, Audit audit, ModelShelf shelf)
{
    /// <summary>Takes a model file in.</summary>
    /// <exception cref="Engine.Weights.WeightFileException">It cannot be used.</exception>
    public async Task<ShelvedModel> Take(string name, Stream content, CancellationToken cancellation = default)
    {
        actor.Require(LabRole.Researcher);
        var model = await shelf.Add(name, content, cancellation);
        await audit.Add("send-model", model.Sha256[..12], model.Name);
        return model;
    }
}
