using TorchSharp;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Classifiers;
using VariationalBoN.Transformers.Lora;

namespace VariationalBoN.CrashHost;

/// <summary>Sampling, scoring and the gradient of each model family, adapters included, and the rewards of classifiers.</summary>
internal static class StressModels
{
    private static readonly string[] s_families = ["gpt2", "pythia", "llama3", "mistral", "qwen2", "qwen3"];
    private static readonly string[] s_classifiers = ["bert-classifier", "distilbert-classifier", "gpt2-reward", "llama-reward"];
    private static readonly Prompt[] s_prompts = ["5 6 7", "8 9"];

    public static IEnumerable<StressCall> Calls(string golden, StressResources resources) =>
        s_families
            .SelectMany(family => Family(family, Path.Combine(golden, family), resources))
            .Concat(s_classifiers.Select(name => Classifier(name, Path.Combine(golden, name), resources)));

    public static double[] Gradients(torch.nn.Module model)
    {
        using var scope = torch.NewDisposeScope();
        return [.. model.parameters().Where(parameter => parameter.requires_grad).SelectMany(Gradient)];
    }

    private static IEnumerable<StressCall> Family(string family, string folder, StressResources resources)
    {
        var model = resources.Keep(PretrainedCausalLm.Load(folder)).Model;
        var adapted = resources.Keep(model.WithLora(new LoraOptions { Rank = 2 }, seed: 1));
        var options = new GenerationOptions
        {
            MaxNewTokens = 8,
            Temperature = 0.9,
            TopK = 40,
            TopP = 0.95,
        };
        var policy = new CausalLmPolicy(model, new NumberTokenizer(model.VocabularySize), options);
        var lora = new CausalLmPolicy(adapted, new NumberTokenizer(model.VocabularySize), options);
        var completions = policy.Sample(s_prompts, completionsPerPrompt: 2, seed: 1);
        yield return new StressCall($"sample {family}", () => Sampled(policy));
        yield return new StressCall($"score {family}", () => policy.LogProbValues(completions));
        yield return new StressCall($"backward {family}", () => Backward(policy, model, completions));
        yield return new StressCall($"lora sample {family}", () => Sampled(lora));
        yield return new StressCall($"lora backward {family}", () => Backward(lora, adapted, completions));
        yield return new StressCall($"divergence {family}", () => lora.StepwiseKl(policy, completions));
    }

    private static StressCall Classifier(string name, string folder, StressResources resources)
    {
        var reward = resources.Keep(PretrainedClassifier.Load(folder)).TokenReward(new ClassifierRewardOptions { LabelIndex = 0 });
        Completion[] completions = [Drawn([5, 6], [7, 8, 9]), Drawn([10], [11, 12])];
        return new StressCall(
            $"classify {name}",
            () => [.. reward.ScoreAsync(completions, CancellationToken.None).GetAwaiter().GetResult()]
        );
    }

    private static double[] Sampled(CausalLmPolicy policy) =>
        [
            .. policy
                .Sample(s_prompts, completionsPerPrompt: 2, seed: 1)
                .SelectMany(completion => completion.Tokens)
                .Select(token => (double)token),
        ];

    private static double[] Backward(CausalLmPolicy policy, torch.nn.Module model, IReadOnlyList<Completion> completions)
    {
        using var scope = torch.NewDisposeScope();
        model.zero_grad();
        policy.LogProb(completions).sum().backward();
        return Gradients(model);
    }

    private static double[] Gradient(torch.Tensor parameter)
    {
        using var scope = torch.NewDisposeScope();
        return parameter.grad is { } gradient ? [gradient.to(torch.float64).sum().item<double>()] : [];
    }

    private static Completion Drawn(int[] prompt, int[] tokens) =>
        new()
        {
            Prompt = "p",
            Text = "t",
            PromptTokens = [.. prompt],
            Tokens = [.. tokens],
        };
}
