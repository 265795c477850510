using System.Collections.Immutable;
using VariationalBoN.References;

namespace VariationalBoN.Evaluation;

/// <summary>Completions held against reference samples of their prompts, with the differences of lengths. Not thread-safe.</summary>
internal sealed class LengthComparisons
{
    /// <summary>The first samples of a prompt stand for all: more add hardly anything to the error over prompts.</summary>
    private const int MostOpponents = 32;

    private readonly List<double> _wins = [],
        _differences = [];
    private readonly List<int> _prompts = [];
    private bool _isKnown = true;
    private bool? _inTokens;
    private int _promptCount;

    /// <summary>Adds completions of one prompt.</summary>
    public void Add(ReferencePrompt prompt, IEnumerable<ScoredCompletion> completions)
    {
        if (!_isKnown)
            return;
        PromptSamples all = prompt.All;
        ScoredCompletion[] own = [.. completions];
        bool inTokens = !all.Samples.IsEmpty && own.All(item => item.Completion.Tokens.Length > 0);
        _isKnown = (inTokens || !all.Texts.IsEmpty) && (_inTokens ??= inTokens) == inTokens;
        if (!_isKnown)
            return;
        ImmutableArray<double> rewards = all.Known;
        int opponents = Math.Min(MostOpponents, rewards.Length);
        double tolerance = prompt.Cdf.TieTolerance;
        foreach (ScoredCompletion item in own)
        {
            double length = inTokens ? item.Completion.Tokens.Length : item.Completion.Text.Length;
            for (int i = 0; i < opponents; i++)
            {
                double above = item.Reward - rewards[i];
                _wins.Add(
                    Math.Abs(above) <= tolerance ? .5
                    : above > 0 ? 1
                    : 0
                );
                _differences.Add(length - (inTokens ? all.Samples[i].Completion.Tokens.Length : all.Texts[i].Length));
                _prompts.Add(_promptCount);
            }
        }

        _promptCount++;
    }

    /// <summary>The win rate at equal length; null where lengths are not known or always differ by the same.</summary>
    public LengthControlledWinRate? WinRate() =>
        _isKnown && _wins.Count > 0 && (_differences[0] == 0 || _differences.Exists(difference => difference != _differences[0]))
            ? LengthControlledWinRate.Of(_wins, _differences, _prompts)
            : null;
}
