using System.Security.Cryptography;
using TorchSharp;
using VariationalBoN.Evaluation;
using VariationalBoN.Losses;
using VariationalBoN.Rewards;
using VariationalBoN.Tests.Transformers.Chat;
using VariationalBoN.Training;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Lora;

namespace VariationalBoN.Tests.Transformers.Pretrained;

/// <summary>The programs of docs/training-a-judge.md, run on a tiny model.</summary>
[Trait("Tier", "torch")]
public sealed class JudgeSnippets : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("judge-page").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_program_of_the_page_makes_a_judge_that_prefers_what_people_prefer()
    {
        string file = Path.Combine(_folder, "pairs.jsonl"),
            directory = ChatModels.Golden("gpt2"),
            output = Path.Combine(_folder, "judge");
        const double Rate = 3e-3;
        const int Steps = 40;
        string[] kind = ["warm", "bright", "clever", "funny"],
            cold = ["slow", "dull", "flat", "loud"];
        PreferencePairs.WriteJsonLines(
            file,
            Enumerable
                .Range(0, 40)
                .SelectMany(i =>
                    kind.Zip(
                        cold,
                        (good, bad) =>
                            new PreferencePair
                            {
                                Prompt = $"Film {i} was",
                                Chosen = $" {good}",
                                Rejected = $" {bad}",
                            }
                    )
                )
        );

        // snippet: program
        PreferencePair[] pairs = PreferencePairs.ReadJsonLines(file); // {"prompt": "...", "chosen": "...", "rejected": "..."}, one a line
        (var train, var measure) = PreferencePairs.Split(pairs, heldOutShare: 0.1, seed: 1);
        var data = PreferenceDataReport.Of(train, measure); // faults of the data, before anything is trained
        foreach (var finding in data.Findings)
            Console.WriteLine(finding.Text);

        using var model = PretrainedCausalLm.Load(directory);
        using var judge = PretrainedClassifier.FromCausalLm(model, seed: 1); // its decoder with a new head, in float32
        judge.MakeTrainable(); // all weights; or adapters: new LoraOptions { Rank = 8 }
        using var adam = new AdamW(judge.Parameters, Rate); // 1e-5 for a real model, 2e-4 with adapters
        var order = new BatchOrder<PreferencePair>(data.Train, seed: 1);
        var guard = new TrainingGuard(n: 1, samplesPerPrompt: 1); // over pairs it watches loss and gradient
        using var checkpoints = new Checkpoints(
            Path.Combine(output, "checkpoints"),
            new
            {
                Rate,
                Steps,
                Pairs = Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file))),
            }
        );
        checkpoints
            .Add("judge", judge.Classifier.named_parameters().Where(pair => pair.parameter.requires_grad))
            .Add("optimizer", adam)
            .Add("guard", guard);
        for (long step = checkpoints.Restore(); step < Steps; step++) // killed and started again, it ends with the same bits
        {
            var batch = order.Batch(step, 16);
            using var scope = torch.NewDisposeScope();
            (var chosen, var rejected) = judge.PairRewards(batch); // r(x, y), with gradient
            var loss = RewardModelLoss.BradleyTerry(chosen, rejected, [.. batch.Select(pair => pair.Margin)], centring: 0.01);
            adam.ZeroGrad();
            loss.backward();
            double norm = torch.nn.utils.clip_grad_norm_(judge.Parameters, 1);
            guard.Observe(step, loss.item<float>(), norm); // stops the loop at NaN
            adam.Step();
            if ((step + 1) % 20 == 0)
                checkpoints.Save(step + 1);
        }

        judge.Save(Path.Combine(output, "model")); // as transformers saves a classifier: Python reads it too
        using var trained = PretrainedClassifier.Load(Path.Combine(output, "model"));
        IRewardModel reward = trained.TextReward();
        JudgeReport report = await JudgeReport.EvaluateAsync(reward, data.HeldOut);
        Console.WriteLine(report); // accuracy, calibration, agreement by length and position
        // end snippet

        Assert.InRange(report.Accuracy.Value, 0.95, 1);
        Assert.Equal(data.HeldOut.Length, report.Pairs);
    }

    [Fact]
    public void Labels_train_by_cross_entropy_with_adapters()
    {
        using var model = PretrainedCausalLm.Load(ChatModels.Golden("gpt2"));
        Completion[] texts = [new() { Prompt = "The film", Text = " was warm" }, new() { Prompt = "The film", Text = " was dull" }];
        int[] labels = [1, 0];
        // snippet: labels
        using var judge = PretrainedClassifier.FromCausalLm(model, seed: 1, labels: ["bad", "good"]);
        judge.MakeTrainable(new LoraOptions { Rank = 8, Alpha = 16 }, seed: 1);
        using var loss = RewardModelLoss.CrossEntropy(judge.Logits(texts), labels); // labels[i] is 0 for "bad" and 1 for "good"
        // end snippet
        loss.backward();
        Assert.Equal(Math.Log(2), loss.item<float>(), 0.2); // a head that is still small
        Assert.NotNull(judge.Parameters[^1].grad);
    }
}
