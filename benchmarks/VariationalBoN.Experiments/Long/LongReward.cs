using VariationalBoN.Guidance;

namespace VariationalBoN.Experiments.Long;

/// <summary>A reward of long answers, as a machine that reads them token by token:
/// what it has read so far is its prefix reward. Immutable, thread-safe.</summary>
/// <param name="name">Its name.</param>
/// <param name="start">The state before the first token.</param>
/// <param name="read">The state after a token, in place.</param>
/// <param name="reward">The reward of a state.</param>
internal sealed class LongReward(string name, double[] start, Action<double[], int> read, Func<double[], double> reward) : IPrefixReward
{
    /// <summary>Tokens of the vocabulary.</summary>
    public const int Vocabulary = 12;

    /// <summary>Sums over tokens, and what is none, from little to far: the rewards of the study.</summary>
    public static IReadOnlyList<LongReward> All { get; } =
    [
        // A control: what the head is made for.
        new("sum", [0], (s, a) => s[0] += Worth(a), s => s[0]),
        // Each 1 counts where the last of 0 and 2 was 0: order, and memory that ends.
        new(
            "order",
            [0, 0],
            (s, a) =>
                (s[0], s[1]) = (
                    a == 0 ? 1
                    : a == 2 ? 0
                    : s[0],
                    s[1] + (a == 1 ? s[0] : 0) + (0.1 * Worth(a))
                ),
            s => s[1]
        ),
        // Worth, less 1 for each token that stood among the five before it.
        new(
            "repetition",
            [0, -1, -1, -1, -1, -1],
            (s, a) =>
            {
                s[0] += Worth(a) - (Array.IndexOf(s, a, 1) > 0 ? 1 : 0);
                Array.Copy(s, 1, s, 2, 4);
                s[1] = a;
            },
            s => s[0]
        ),
        // Worth, and 10 where 0 stood an odd number of times: XOR of all tokens.
        new("parity", [0, 0], (s, a) => (s[0], s[1]) = (s[0] + Worth(a), a == 0 ? 1 - s[1] : s[1]), s => s[0] + (10 * s[1])),
    ];

    /// <summary>The name of the reward.</summary>
    public string Name => name;

    /// <inheritdoc/>
    public ModelIdentity Identity => $"state of {name}";

    /// <inheritdoc/>
    public int Count => start.Length + 1;

    /// <summary>The reward of an answer.</summary>
    public double Of(IReadOnlyList<int> tokens) => Math.Round(reward(State(tokens)), 6); // the same sum in another order is the same

    /// <inheritdoc/>
    public void Read(IReadOnlyList<AnswerPrefix> prefixes, Span<float> numbers)
    {
        for (int i = 0; i < prefixes.Count; i++)
        {
            double[] state = State(prefixes[i].Tokens);
            for (int j = 0; j < state.Length; j++)
                numbers[(i * Count) + j] = (float)state[j];
            numbers[(i * Count) + state.Length] = (float)reward(state);
        }
    }

    private double[] State(IReadOnlyList<int> tokens)
    {
        double[] state = [.. start];
        foreach (int token in tokens)
            read(state, token);
        return state;
    }

    private static double Worth(int token) => Math.Sin(3 * token) + (0.01 * token); // no two tokens are worth the same
}
