using TorchSharp;
using VariationalBoN;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Classifiers;
using VariationalBoN.Transformers.Pretrained;

namespace AlignHuggingFace;

/// <summary>The reward model, and the classifier behind it where there is one.</summary>
internal sealed class Judge : IDisposable
{
    private readonly PretrainedClassifier? _classifier;

    private Judge(PretrainedClassifier? classifier, IRewardModel reward) => (_classifier, Reward) = (classifier, reward);

    public IRewardModel Reward { get; }

    /// <summary>The classifier of a directory, which reads prompt and completion as one text, or the function of this program.</summary>
    public static Judge Load(Arguments arguments, torch.Device device)
    {
        if (arguments.Reward == Arguments.Function)
            return new Judge(null, WordJudge.Create());
        var classifier = PretrainedClassifier.Load(arguments.Reward!, new PretrainedOptions { Device = device });
        return new Judge(classifier, classifier.TextReward(new ClassifierRewardOptions { Label = arguments.Label }));
    }

    public void Dispose() => _classifier?.Dispose();
}
