using System.Diagnostics;

namespace VariationalBoN.Policies;

/// <summary>One completion that is asked of a <see cref="LiveDecoding"/>. Immutable; belongs to one decode, once.</summary>
/// <remarks>Both functions are called on the thread that steps the decode, which waits for them: hand on and return.</remarks>
public sealed class LiveRequest
{
    /// <summary>What is drawn from: the policy of the decode, or one made of it by <see cref="CausalLmPolicy.With"/> with a temperature,
    /// truncation, stop tokens or a smaller number of tokens of its own.</summary>
    public required CausalLmPolicy Policy { get; init; }

    /// <summary>The prompt, read by <see cref="Policy"/>.</summary>
    public required EncodedPrompt Prompt { get; init; }

    /// <summary>Fixes the draw; <see cref="DrawSeed.FirstSample"/> is the number of the sample.</summary>
    public required DrawSeed Seed { get; init; }

    /// <summary>The parent of the tracing span of the draw.</summary>
    /// <value>Default: the current one where the request is made.</value>
    public ActivityContext Parent { get; init; } = Activity.Current?.Context ?? default;

    /// <summary>Called with each token that is drawn, a stop token included, and
    /// with the last one also with the reason why the completion ends.</summary>
    public required Action<int, FinishReason?> OnToken { get; init; }

    /// <summary>Called once, as the last call, with the error because of which nothing more
    /// is drawn; also with what <see cref="OnToken"/> throws. Must not throw.</summary>
    public required Action<Exception> OnFailed { get; init; }
}
