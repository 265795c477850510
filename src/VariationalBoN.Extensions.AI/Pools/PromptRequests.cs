using System.Collections.Immutable;
using VariationalBoN.Extensions.AI.Internal;
using VariationalBoN.Policies;

namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>Prompts as requests for completions. As thread-safe as the tokenizer.</summary>
internal sealed class PromptRequests(ITokenizer tokenizer, GenerationOptions generation)
{
    /// <summary>K requests for each prompt, prompt by prompt; a prompt that stands twice goes on where it ended.</summary>
    /// <exception cref="ArgumentException">There is no prompt, one is null, or has no tokens,
    /// tokens outside the vocabulary, or no room for a completion.</exception>
    public EncodedRequest[] Of(IReadOnlyList<Prompt> prompts, int completionsPerPrompt, DrawSeed seed)
    {
        if (prompts.Count == 0)
            throw new ArgumentException("There is no prompt to sample for; give at least one.", nameof(prompts));
        var earlier = new Dictionary<Prompt, int>();
        var requests = new EncodedRequest[checked(prompts.Count * completionsPerPrompt)];
        for (int p = 0; p < prompts.Count; p++)
        {
            ImmutableArray<int> ids = Encode(prompts[p], p);
            int first = earlier.GetValueOrDefault(prompts[p]);
            earlier[prompts[p]] = checked(first + completionsPerPrompt);
            for (int k = 0; k < completionsPerPrompt; k++)
                requests[(p * completionsPerPrompt) + k] = new EncodedRequest(prompts[p], ids, RequestSeed.Of(prompts[p], first + k, seed));
        }

        return requests;
    }

    private ImmutableArray<int> Encode(Prompt prompt, int number)
    {
        ImmutableArray<int> ids = tokenizer.Encode(
            prompt ?? throw new ArgumentException($"Prompt {number} is null.", nameof(prompt)),
            !generation.PromptsHaveSpecialTokens
        );
        string? fault =
            ids.IsDefaultOrEmpty ? "no tokens; a model needs at least one, such as a beginning-of-text token"
            : ids.Any(id => id < 0 || id >= tokenizer.VocabularySize)
                ? $"a token outside the vocabulary of 0 to {tokenizer.VocabularySize - 1}"
            : generation.ContextLength is int most && ids.Length > most - generation.MaxNewTokens
                ? $"{ids.Length} tokens; with {generation.MaxNewTokens} new tokens in a context of {most} it may have at most "
                    + $"{Math.Max(0, most - generation.MaxNewTokens)}"
            : null;
        return fault is null
            ? ids
            : throw new ArgumentException(
                $"Prompt {number}, \"{ChatModel.Shorten(prompt.Canonical)}\", has " + $"{fault}.",
                nameof(prompt)
            );
    }
}
