using System.Diagnostics.CodeAnalysis;

namespace VariationalBoN.Guidance;

/// <summary>Numbers of an unfinished answer that a value head reads beside the hidden states of the reference, such as the reward of what
/// has been written so far. Thread-safe.</summary>
/// <remarks>
/// For rewards that a few running sums cannot carry: counts, positions, what has occurred. It is asked of each prefix of
/// each sample once in training, and of each row that goes on at each token in decoding, from several threads at once
/// where units of rows are drawn in parallel. The head scales each number by its mean and deviation over the prefixes
/// that it was trained on, and reads it as at most 10 deviations. Give functions of prompt and tokens alone: a number
/// that depends on stored rewards of the prompt, or on their mean, is known in training and not when answers are drawn.
/// </remarks>
[Experimental(ExperimentalIds.Guidance)]
public interface IPrefixReward
{
    /// <summary>Identifies these numbers; part of the file of a head.</summary>
    ModelIdentity Identity { get; }

    /// <summary>Numbers of each prefix, at least 1.</summary>
    int Count { get; }

    /// <summary>Reads some prefixes.</summary>
    /// <param name="prefixes">R prefixes.</param>
    /// <param name="numbers">R times <see cref="Count"/> numbers, those of a prefix beside each other, to be filled; finite.</param>
    void Read(IReadOnlyList<AnswerPrefix> prefixes, Span<float> numbers);
}
