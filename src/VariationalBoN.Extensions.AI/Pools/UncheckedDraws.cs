using VariationalBoN.Policies;

namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>What draws are of that nobody holds to a copy. Stateless, thread-safe.</summary>
internal static class UncheckedDraws
{
    private const string Tokenizer = "tokenizer";

    /// <summary>The identity of draws: the one that was given, with the tokenizer and every setting that makes one law another.</summary>
    /// <param name="given">What the caller says that the servers hold.</param>
    /// <param name="tokenizer">The tokenizer, which texts come from.</param>
    /// <param name="generation">The settings that are asked for.</param>
    /// <exception cref="ArgumentException">It says a tokenizer or a setting that is another here.</exception>
    public static ModelIdentity Identity(ModelIdentity given, ITokenizer tokenizer, GenerationOptions generation)
    {
        ModelIdentity read = given;
        if (!given.Settings.Any(setting => setting.Key == Tokenizer))
            read = new ModelIdentity(
                given.Name,
                [.. given.Settings.Select(setting => (setting.Key, setting.Value)), (Tokenizer, tokenizer.Identity)]
            );
        else if (given.Settings.Single(setting => setting.Key == Tokenizer).Value is var named && named != tokenizer.Identity)
            throw new ArgumentException(
                $"{nameof(PoolSamplerOptions.UncheckedIdentity)} says that the tokenizer is {named}, and the one given is "
                    + $"{tokenizer.Identity}. Give the tokenizer of the model.",
                nameof(given)
            );
        return generation.Identify(read);
    }
}
