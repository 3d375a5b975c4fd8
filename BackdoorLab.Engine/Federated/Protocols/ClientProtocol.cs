using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Federated;

/// <summary>What an honest client does in a round, and what clients keep from round to round.</summary>
public abstract record ClientProtocol : FederationPart
{
    /// <summary>Passes over a client's data in a round besides its local epochs.</summary>
    public virtual int ExtraPasses => 0;

    /// <summary>Whether each client keeps a mask of the coordinates that it sends.</summary>
    public virtual bool KeepsMasks => false;

    /// <summary>Masks that a coordinate needs to be kept by the fusion at the end; 0 where there is none.</summary>
    public virtual int FusionQuorum => 0;

    /// <summary>Whether the votes of masks are counted before the first client of the first round trains.</summary>
    public virtual bool CountsMasksAtOnce => false;

    /// <summary>
    /// What contradicts itself with so many clients, with paths below the protocol ("quorum"); empty when it can run.
    /// </summary>
    public virtual IEnumerable<SpecFault> Faults(Simulation simulation) => [];

    /// <summary>Starts a training; the caller disposes the session.</summary>
    public abstract ProtocolSession Begin(FederationContext context);
}
