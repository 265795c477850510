using VariationalBoN.Evaluation;
using VariationalBoN.Rewards;
using VariationalBoN.Transformers;

namespace TrainReward;

/// <summary>The pairs of a run, looked through before anything is trained.</summary>
/// <param name="Train">Those to train on.</param>
/// <param name="HeldOut">Those that measure.</param>
internal sealed record PairData(PreferencePair[] Train, PreferencePair[] HeldOut)
{
    /// <summary>Reads and checks them.</summary>
    /// <exception cref="InvalidDataException">A line holds no pair, or pairs are faulty and not to be skipped.</exception>
    public static PairData Read(Arguments arguments, TextWriter output)
    {
        PreferencePair[] train = PreferencePairs.ReadJsonLines(arguments.Pairs!),
            heldOut;
        if (arguments.HeldOutPairs is string path)
            heldOut = PreferencePairs.ReadJsonLines(path);
        else
            (train, heldOut) = PreferencePairs.Split(train, arguments.HeldOutShare, arguments.Seed);
        var report = PreferenceDataReport.Of(train, heldOut);
        output.WriteLine(FormattableString.Invariant($"{train.Length} pairs to train on, {heldOut.Length} held out"));
        foreach (var finding in report.Findings)
            output.WriteLine($"{(finding.IsWarning ? "!" : "-")} {finding.Text}");
        if (report.LeftOut > 0 && !arguments.SkipFaulty)
            throw new InvalidDataException(
                $"{arguments.Pairs}: {report.LeftOut} pairs are faulty, as said above. Correct the file, or "
                    + "leave them out with --skip-faulty."
            );
        return report.Train.IsEmpty || report.HeldOut.IsEmpty
            ? throw new InvalidDataException(
                $"{arguments.Pairs}: no pair without fault is left " + $"{(report.Train.IsEmpty ? "to train on" : "to measure by")}."
            )
            : new PairData([.. report.Train], [.. report.HeldOut]);
    }

    /// <summary>Warns of pairs of which the judge reads the same tokens twice.</summary>
    /// <exception cref="InvalidDataException">They are all so.</exception>
    public void SayReadAlike(PretrainedClassifier judge, Arguments arguments, TextWriter output)
    {
        int train = judge.CountReadAlike(Train),
            heldOut = judge.CountReadAlike(HeldOut);
        if (train + heldOut == 0)
            return;
        string text =
            $"the two answers of {train} pairs to train on and of {heldOut} held-out ones are read as the same tokens: they "
            + $"differ only behind the {judge.Classifier.MaxLength} tokens that the judge takes. Shorten the prompts, or begin with a "
            + $"model "
            + "that takes more.";
        output.WriteLine(train < Train.Length ? $"! {text}" : throw new InvalidDataException($"{arguments.Pairs}: {text}"));
    }
}
