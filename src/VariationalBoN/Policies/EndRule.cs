namespace VariationalBoN.Policies;

/// <summary>When a completion ends. Immutable; thread-safe.</summary>
internal sealed class EndRule
{
    private readonly bool[] _isStop;

    internal EndRule(GenerationOptions options, int vocabularySize)
    {
        MaxNewTokens = options.MaxNewTokens;
        _isStop = new bool[vocabularySize];
        foreach (int token in options.StopTokens)
            _isStop[token] = true;
    }

    private EndRule(EndRule other, int maxNewTokens) => (_isStop, MaxNewTokens) = (other._isStop, maxNewTokens);

    /// <summary>The most tokens of a completion.</summary>
    internal int MaxNewTokens { get; }

    /// <summary>The rule with the same stop tokens and another number of tokens.</summary>
    internal EndRule With(int maxNewTokens) => new(this, maxNewTokens);

    /// <summary>Why a completion of so many tokens ends with this one; null where it goes on.</summary>
    internal FinishReason? At(int token, int count) =>
        _isStop[token] ? FinishReason.Stopped
        : count == MaxNewTokens ? FinishReason.Length
        : null;
}
