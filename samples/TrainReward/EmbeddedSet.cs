using System.Globalization;
using System.Text.Json;
using VariationalBoN.Rewards;

namespace TrainReward;

/// <summary>The set that needs no files: a language model of reviews, and pairs with a known truth,
/// written where a user's own would be. Stateless.</summary>
internal static class EmbeddedSet
{
    private const int TrainPairs = 80_000,
        HeldOutPairs = 6_000,
        ModelSteps = 500,
        QuickPart = 20;

    /// <summary>Writes model and pairs to the output folder, unless those of the same settings are there.</summary>
    /// <returns>The arguments with their paths.</returns>
    public static Arguments Make(Arguments arguments, TextWriter output, CancellationToken cancellationToken)
    {
        int part = arguments.Quick ? QuickPart : 1;
        string folder = Path.Combine(arguments.Output, "embedded"),
            made = Path.Combine(folder, "settings.json");
        string settings = JsonSerializer.Serialize(
            new
            {
                arguments.Seed,
                arguments.Flipped,
                arguments.Quick,
            }
        );
        var own = arguments with
        {
            Model = Path.Combine(folder, "model"),
            Pairs = Path.Combine(folder, "pairs.jsonl"),
            HeldOutPairs = Path.Combine(folder, "held-out-pairs.jsonl"),
            SkipFaulty = true, // of so few words short reviews are drawn twice
        };
        if (!File.Exists(made) || File.ReadAllText(made) != settings)
        {
            ReviewModel.Write(own.Model, arguments.Quick ? 80 : ModelSteps, arguments.Seed, cancellationToken);
            PreferencePairs.WriteJsonLines(own.Pairs, ReviewPairs.Draw(TrainPairs / part, arguments.Flipped, arguments.Seed + 1000));
            PreferencePairs.WriteJsonLines(
                own.HeldOutPairs,
                ReviewPairs.Draw(HeldOutPairs / part, arguments.Flipped, arguments.Seed + 2_000_000)
            );
            File.WriteAllText(made, settings);
        }

        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"No --model was given: a language model of film reviews and pairs of which {100 * arguments.Flipped:0.#} % have a wrong "
                    + $"label are in {folder}."
            )
        );
        return own;
    }
}
