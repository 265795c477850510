using TorchSharp;
using VariationalBoN;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Classifiers;
using VariationalBoN.Transformers.Pretrained;

namespace AlignHuggingFace;

/// <summary>A reward model, and the classifier behind it where there is one.</summary>
internal sealed class Judge : IDisposable
{
    private readonly PretrainedClassifier? _classifier;

    private Judge(PretrainedClassifier? classifier, IRewardModel reward) => (_classifier, Reward) = (classifier, reward);

    public IRewardModel Reward { get; }

    /// <summary>The classifier of a directory, which reads prompt and completion as one text, or the function of this program.</summary>
    /// <param name="reward">The directory, or <see cref="Arguments.Function"/>.</param>
    /// <param name="label">The label that is rewarded; null where there is but one.</param>
    /// <param name="device">Where the classifier is.</param>
    public static Judge Load(string reward, string? label, torch.Device device)
    {
        if (reward == Arguments.Function)
            return new Judge(null, WordJudge.Create());
        var classifier = PretrainedClassifier.Load(reward, new PretrainedOptions { Device = device });
        try
        {
            return new Judge(classifier, classifier.TextReward(new ClassifierRewardOptions { Label = label }));
        }
        catch
        {
            classifier.Dispose();
            throw;
        }
    }

    public void Dispose() => _classifier?.Dispose();
}
