using System.Globalization;
using Microsoft.Extensions.Logging;
using VariationalBoN.Internal;

namespace VariationalBoN.References;

/// <summary>Counts the reference samples of one estimation that were cut at the maximum length,
/// and warns once when nearly all are. Thread-safe.</summary>
/// <param name="expected">The number of samples that are wanted.</param>
/// <param name="logger">Told once; null for none.</param>
internal sealed class TruncationWatch(long expected, ILogger? logger)
{
    private const int Enough = 32;
    private const double NearlyAll = 0.9;
    private readonly Lock _lock = new();
    private long _seen,
        _cut;
    private int _longest;
    private bool _raised;

    /// <summary>Counts completions as they come.</summary>
    public void Observe(IEnumerable<Completion> completions)
    {
        lock (_lock)
            Count(completions);
    }

    private void Count(IEnumerable<Completion> completions)
    {
        foreach (Completion completion in completions)
        {
            _seen++;
            _cut += completion.FinishReason == FinishReason.Length ? 1 : 0;
            _longest = Math.Max(_longest, completion.Tokens.Length);
        }

        if (_raised || _seen < Math.Min(Enough, expected) || _cut < NearlyAll * _seen)
            return;
        _raised = true;
        string length = _longest > 0 ? $" after {_longest} tokens" : "";
        logger?.TruncatedSamples(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{(double)_cut / _seen:0%} of the first {_seen} reference samples were cut{length}, "
            )
                + $"at the maximum length ({nameof(GenerationOptions.MaxNewTokens)}), before a stop token was drawn: the reward judges "
                + $"unfinished text. "
                + $"Raise {nameof(GenerationOptions.MaxNewTokens)}, or name the tokens that end an answer "
                + $"({nameof(GenerationOptions.StopTokens)})."
        );
    }
}
