using System.Text.RegularExpressions;
using VariationalBoN;

namespace AlignHuggingFace;

/// <summary>The place for a judge of your own: this one likes different words. Stateless, thread-safe.</summary>
internal static partial class WordJudge
{
    /// <summary>
    /// The number of different words of the completion, the case aside.
    /// The prompt is <see cref="Completion.Prompt"/>, a text or a conversation.
    /// </summary>
    public static IRewardModel Create() =>
        RewardModel.FromFunction(
            completion => Word().Matches(completion.Text).Select(word => word.Value).Distinct(StringComparer.OrdinalIgnoreCase).Count(),
            "different words"
        );

    [GeneratedRegex(@"\p{L}+")]
    private static partial Regex Word();
}
