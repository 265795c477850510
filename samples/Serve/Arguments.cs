using SampleHosting;
using TorchSharp;

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

    /// <summary>The most tokens of an answer of the tiny models by default, and their context.</summary>
    public const int TinyMaxNewTokens = 24,
        TinyContext = 64;

    /// <summary>The element type of the weights in memory.</summary>
    public torch.ScalarType ElementType { get; init; } = torch.ScalarType.Float32;

    /// <summary>The port on the loopback address; 0 takes a free one.</summary>
    public int Port { get; init; } = 5080;

    /// <summary>The most requests of a model that wait for a place; one more is refused with 429.</summary>
    public int MaxRequests { get; init; } = 256;

    public int Threads { get; init; } = 1;

    /// <summary>Whether the server asks itself a few questions and ends.</summary>
    public bool Quick { get; init; }

    public bool PlainRuntime { get; init; }

    /// <summary>Whether Best-of-N is served: the tiny models have all of it.</summary>
    public bool HasBestOfN => Model is null || ((Adapters ?? Reference) is not null && Reward is not null);

    /// <summary>Refuses what cannot be served, before anything is made or loaded.</summary>
    /// <exception cref="UsageException">Two options do not fit each other.</exception>
    public void Require()
    {
        if (HasBestOfN && N > MaxRequests)
            throw new UsageException($"--n is {N}; it must be at most --max-requests, {MaxRequests}, since the draws wait together.");
        if (Model is null && MaxNewTokens >= TinyContext)
        {
            throw new UsageException(
                $"--max-new-tokens is {MaxNewTokens}; the context of the tiny models is {TinyContext} tokens, "
                    + $"prompt included: give at most {TinyContext / 2}, or --model."
            );
        }
    }
}
