using Microsoft.Extensions.Logging;
using TorchSharp;
using VariationalBoN.Policies;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Classifiers;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Transformers.Lora;
using VariationalBoN.Transformers.Pretrained;

namespace VariationalBoN.Extensions.AI.Hosting;

/// <summary>What the options name, loaded and frozen. Thread-safe.</summary>
internal sealed class LoadedModels : IDisposable
{
    private readonly Stack<IDisposable> _loaded = new();

    /// <summary>Loads all of it.</summary>
    /// <exception cref="IOException">A directory or a file of one is missing; the message names it.</exception>
    /// <exception cref="ArgumentException">The maximum of tokens leaves no room for a prompt.</exception>
    /// <exception cref="InvalidDataException">A file is damaged or does not fit; the message names it.</exception>
    public LoadedModels(VariationalBoNOptions options, ILogger logger)
    {
        var pretrained = new PretrainedOptions
        {
            ElementType = options.ElementType,
            Device = options.Device == "cpu" ? null : torch.device(options.Device),
            Logger = logger,
        };
        try
        {
            if (options.Model is not null)
                (Policy, Reference) = Policies(options, pretrained);
            if (options.Reward is not null)
                Reward = Keep(
                    new HeldReward(
                        Keep(PretrainedClassifier.Load(options.Reward, pretrained))
                            .TextReward(new ClassifierRewardOptions { Label = options.RewardLabel })
                    )
                );
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>pi_theta; null where the options name none.</summary>
    public CausalLmPolicy? Policy { get; }

    /// <summary>pi_ref; null where the options name none.</summary>
    public CausalLmPolicy? Reference { get; }

    /// <summary>The classifier as reward model; null where the options name none.</summary>
    public IRewardModel? Reward { get; }

    /// <summary>Frees the models, the last loaded first.</summary>
    public void Dispose()
    {
        while (_loaded.TryPop(out IDisposable? model))
            model.Dispose();
    }

    private (CausalLmPolicy Policy, CausalLmPolicy? Reference) Policies(VariationalBoNOptions options, PretrainedOptions pretrained)
    {
        PretrainedCausalLm model = Keep(PretrainedCausalLm.Load(options.Model!, pretrained));
        RequireRoom(options, options.Model!, model);
        model.Model.Freeze();
        CausalLmPolicy plain = Of(model, model.Model);
        if (options.Adapters is not null)
        {
            CausalTransformer adapted = Keep(model.Model.LoadLora(options.Adapters));
            adapted.Freeze();
            return (Of(model, adapted), plain);
        }

        if (options.Reference is null)
            return (plain, null);
        PretrainedCausalLm reference = Keep(PretrainedCausalLm.Load(options.Reference, pretrained));
        RequireRoom(options, options.Reference, reference);
        reference.Model.Freeze();
        return (plain, Of(reference, reference.Model));

        CausalLmPolicy Of(PretrainedCausalLm from, CausalTransformer network) =>
            new(
                network,
                from.PromptTokenizer,
                new GenerationOptions
                {
                    MaxNewTokens = options.MaxNewTokens,
                    Temperature = options.Temperature,
                    StopTokens = from.StopTokens,
                    Logger = pretrained.Logger,
                }
            );
    }

    private static void RequireRoom(VariationalBoNOptions options, string directory, PretrainedCausalLm model)
    {
        if (options.MaxNewTokens >= model.Model.MaxLength)
        {
            throw new ArgumentException(
                $"{VariationalBoNOptions.SectionName}:MaxNewTokens is {options.MaxNewTokens}, and the context of "
                    + $"{directory} has {model.Model.MaxLength} tokens, which leaves no room for a prompt: give fewer."
            );
        }
    }

    private T Keep<T>(T model)
        where T : IDisposable
    {
        _loaded.Push(model);
        return model;
    }
}
