using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Transformers.Classifiers;

/// <summary>How a classifier becomes a reward model; all but <see cref="RowsPerBatch"/> is part of what the reward is.</summary>
/// <remarks>Immutable, so safe to share between threads as long as <see cref="Format"/> is.
/// Checked once, when a reward model is made.</remarks>
public sealed record ClassifierRewardOptions
{
    /// <summary>The label that is rewarded, by name.</summary>
    /// <value>Default null: <see cref="LabelIndex"/> says it, or there is but one.</value>
    public string? Label { get; init; }

    /// <summary>The label that is rewarded, by its place among the logits.</summary>
    /// <value>Default null: <see cref="Label"/> says it, or there is but one.</value>
    public int? LabelIndex { get; init; }

    /// <summary>Which number of the label is the reward.</summary>
    /// <value>Default <see cref="ClassifierOutput.Logit"/>.</value>
    public ClassifierOutput Output { get; init; } = ClassifierOutput.Logit;

    /// <summary>The text that is classified. Not used where token ids are classified.</summary>
    /// <value>Default null: the prompt followed by the completion.</value>
    public Func<Completion, string>? Format { get; init; }

    /// <summary>Identifies <see cref="Format"/> in the identity of the reward model, such as "completion alone"; needed with it.</summary>
    /// <value>Default null.</value>
    public string? FormatName { get; init; }

    /// <summary>The most tokens that are read of a sequence, special tokens included, from 1 to what the classifier takes.</summary>
    /// <value>Default null: all it takes.</value>
    public int? MaxLength { get; init; }

    /// <summary>What happens to a longer sequence.</summary>
    /// <value>Default <see cref="LongSequence.Truncate"/>: the end is not read, as in Hugging Face's pipelines.</value>
    public LongSequence OnTooLong { get; init; } = LongSequence.Truncate;

    /// <summary>The most sequences in one pass of the classifier, at least
    /// 1: it bounds memory. Changes rewards by rounding alone.</summary>
    /// <value>Default 32.</value>
    public int RowsPerBatch { get; init; } = 32;

    /// <summary>The label's place among the logits; throws one exception that names every fault.</summary>
    internal int Validate(SequenceClassifier classifier, bool text)
    {
        var faults = new List<string>();
        int label = FindLabel(classifier, faults);
        if (!Enum.IsDefined(Output))
            faults.Add($"{nameof(Output)} is {Output}, which is not a {nameof(ClassifierOutput)}");
        if (Output == ClassifierOutput.LogProb && classifier.Labels.Length == 1 && !classifier.IndependentLabels)
            faults.Add(
                $"{nameof(Output)} is {Output}, which is 0 for every text where there is but one label; use {ClassifierOutput.Logit}"
            );
        if (!text && Format is not null)
            faults.Add($"{nameof(Format)} is given, but it is token ids that are classified");
        if ((Format is null) != string.IsNullOrWhiteSpace(FormatName))
            faults.Add($"{nameof(Format)} and {nameof(FormatName)} must be given together");
        if (MaxLength < 1 || MaxLength > classifier.MaxLength)
            faults.Add($"{nameof(MaxLength)} is {MaxLength}, it must be 1 to {classifier.MaxLength}");
        if (!Enum.IsDefined(OnTooLong))
            faults.Add($"{nameof(OnTooLong)} is {OnTooLong}, which is not a {nameof(LongSequence)}");
        if (RowsPerBatch < 1)
            faults.Add($"{nameof(RowsPerBatch)} is {RowsPerBatch}, it must be at least 1");
        return faults.Count == 0
            ? label
            : throw new ArgumentException($"The options of the reward model are faulty: {string.Join("; ", faults)}.");
    }

    private int FindLabel(SequenceClassifier classifier, List<string> faults)
    {
        string labels = string.Join(", ", classifier.Labels.Select((name, i) => $"{i} '{name}'"));
        switch (Label, LabelIndex)
        {
            case (null, null):
                if (classifier.Labels.Length > 1)
                    faults.Add(
                        $"neither {nameof(Label)} nor {nameof(LabelIndex)} is given, and there are {classifier.Labels.Length} labels: "
                            + $"{labels}"
                    );
                return 0;
            case (null, int index):
                if (index < 0 || index >= classifier.Labels.Length)
                    faults.Add($"{nameof(LabelIndex)} is {index}; the labels are {labels}");
                return index;
            case (string name, null):
                int[] places = [.. Enumerable.Range(0, classifier.Labels.Length).Where(i => classifier.Labels[i] == name)];
                if (places.Length != 1)
                    faults.Add(
                        $"{nameof(Label)} is '{name}', which is the name of {(places.Length == 0 ? "none" : "more than one")} of the "
                            + $"labels {labels}"
                    );
                return places.FirstOrDefault();
            default:
                faults.Add($"{nameof(Label)} and {nameof(LabelIndex)} are both given; one is enough");
                return 0;
        }
    }
}
