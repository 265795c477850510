using static TorchSharp.torch;

namespace VariationalBoN.Tests.References;

/// <summary>A policy that says one word: word v with probability v of the list, the same for every prompt.
/// Words listed as cut have no stop token.</summary>
internal sealed class WordPolicy(double[] probabilities, params int[] cut) : IPolicy
{
    public ModelIdentity Identity { get; init; } = "words";

    public bool IsTrainable => false;

    public bool HasFullSupport { get; init; } = true;

    public List<DrawSeed> Seeds { get; } = [];

    public int MostPrompts { get; private set; }

    /// <summary>r(x, y): the number of the word.</summary>
    public static double Reward(Completion completion) => completion.Tokens[0];

    public static Completion Word(Prompt prompt, int word, FinishReason finish = FinishReason.Stopped) =>
        new()
        {
            Prompt = prompt,
            Text = $"word{word}",
            PromptTokens = [prompt.Text.Length],
            Tokens = [word],
            FinishReason = finish,
        };

    public IReadOnlyList<Completion> Sample(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        CancellationToken cancellationToken = default
    )
    {
        cancellationToken.ThrowIfCancellationRequested();
        Seeds.Add(seed);
        MostPrompts = Math.Max(MostPrompts, prompts.Count);
        return
        [
            .. prompts.SelectMany(prompt =>
                Enumerable.Range(0, completionsPerPrompt).Select(k => Draw(prompt, new CounterRandom(seed, prompt, k).Uniform(0)))
            ),
        ];
    }

    public Tensor LogProb(IReadOnlyList<Completion> completions) =>
        tensor([.. completions.Select(c => Math.Log(probabilities[c.Tokens[0]]))], float64);

    private Completion Draw(Prompt prompt, double u)
    {
        int word = 0;
        for (; word < probabilities.Length - 1 && u >= probabilities[word]; word++)
            u -= probabilities[word];
        return Word(prompt, word, cut.Contains(word) ? FinishReason.Length : FinishReason.Stopped);
    }
}
