namespace Serve;

/// <summary>What the command line asks for. Immutable.</summary>
internal sealed record Arguments
{
    /// <summary>Where the tiny models are made when no <see cref="Model"/> is given.</summary>
    public string Output { get; init; } = "served-models";

    /// <summary>The aligned model, or the one that <see cref="Adapters"/> are laid on; null for tiny models.</summary>
    public string? Model { get; init; }

    public string? Adapters { get; init; }

    public string? Reference { get; init; }

    public string? Reward { get; init; }

    public string? RewardLabel { get; init; }

    public int N { get; init; } = 8;

    public int MaxNewTokens { get; init; } = 256;

    /// <summary>The most tokens of an answer of the tiny models, whose context is 64 tokens.</summary>
    public const int TinyMaxNewTokens = 24;

    /// <summary>The port on the loopback address; 0 takes a free one.</summary>
    public int Port { get; init; } = 5080;

    /// <summary>The most requests that draw at once; one more is refused with 429.</summary>
    public int MaxRequests { get; init; } = 256;

    public int Threads { get; init; } = 1;

    /// <summary>Whether the server asks itself a few questions and ends.</summary>
    public bool Quick { get; init; }

    public bool PlainRuntime { get; init; }
}
