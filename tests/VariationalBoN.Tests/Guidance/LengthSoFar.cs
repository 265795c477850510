using VariationalBoN.Guidance;

namespace VariationalBoN.Tests.Guidance;

// snippet: prefix-reward
/// <summary>How many tokens an answer has so far.</summary>
public sealed class LengthSoFar : IPrefixReward
{
    public ModelIdentity Identity => "length so far";

    public int Count => 1;

    public void Read(IReadOnlyList<AnswerPrefix> prefixes, Span<float> numbers)
    {
        for (int i = 0; i < prefixes.Count; i++)
            numbers[i] = prefixes[i].Tokens.Count;
    }
}
// end snippet
