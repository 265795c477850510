using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using VariationalBoN.Extensions.AI.Serving;
using VariationalBoN.Rewards;

namespace VariationalBoN.Extensions.AI.Hosting;

/// <summary>
/// Registers aligned models in a .NET host: models, reward model, chat clients, a health check and metrics, from options that are checked
/// when the host starts. Stateless, thread-safe.
/// </summary>
/// <remarks>
/// Singletons, each registered unless the application has registered its own before: <see cref="CausalLmPolicy"/>,
/// <see cref="CompletionService"/> and <c>IChatClient</c> under the keys of <see cref="ServedModel"/>, <see cref="IRewardModel"/>,
/// and <c>IChatClient</c> without a key, which is that of the policy. They are loaded before the host listens, so that a directory
/// with a missing file ends the start, and freed when it stops. The library logs under the category <c>VariationalBoN</c>.
/// </remarks>
public static class VariationalBoNServiceExtensions
{
    private const string Category = "VariationalBoN";

    /// <summary>Adds the models that a section of the configuration names; a key of it that is no option is refused.</summary>
    /// <param name="services">The services of the host.</param>
    /// <param name="section">The section, as a rule <c>builder.Configuration.GetSection(VariationalBoNOptions.SectionName)</c>.</param>
    /// <returns><paramref name="services"/>.</returns>
    public static IServiceCollection AddVariationalBoN(this IServiceCollection services, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(section);
        services.AddVariationalBoN(_ => { }).AddOptions<VariationalBoNOptions>().Bind(section);
        services.AddSingleton<IValidateOptions<VariationalBoNOptions>>(new OptionChecks.Keys(section));
        return services;
    }

    /// <summary>Adds the models that a function names; after another call of these methods it changes the options of that call.</summary>
    /// <param name="services">The services of the host.</param>
    /// <param name="configure">Sets the options.</param>
    /// <returns><paramref name="services"/>.</returns>
    public static IServiceCollection AddVariationalBoN(this IServiceCollection services, Action<VariationalBoNOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        services.AddOptions<VariationalBoNOptions>().Configure(configure).ValidateOnStart();
        if (services.Any(service => service.ServiceType == typeof(LoadedModels)))
            return services; // a second call sets options alone

        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<VariationalBoNOptions>, OptionChecks>());
        services.AddHttpClient(VariationalBoNOptions.RewardClientName);
        services.Insert(
            0,
            ServiceDescriptor.Singleton<IConfigureOptions<HttpClientFactoryOptions>>( // the application's come after it
                new ConfigureNamedOptions<HttpClientFactoryOptions>(
                    VariationalBoNOptions.RewardClientName,
                    options =>
                        options.HttpMessageHandlerBuilderActions.Add(client =>
                            client.PrimaryHandler = new SocketsHttpHandler { AllowAutoRedirect = false }
                        )
                )
            )
        );
        services.AddMetrics();
        services.TryAddSingleton(provider => new LoadedModels(Options(provider), Logger(provider)));
        services.TryAddSingleton(Reward);
        Func<IServiceProvider, object?, object> policy = Policy,
            service = Service;
        foreach (string model in new[] { ServedModel.Policy, ServedModel.Reference })
        {
            services.TryAdd(ServiceDescriptor.KeyedSingleton(typeof(CausalLmPolicy), model, policy));
            services.TryAdd(ServiceDescriptor.KeyedSingleton(typeof(CompletionService), model, service));
            services.TryAddKeyedSingleton<IChatClient>(
                model,
                (provider, key) =>
                    new PolicyChatClient(
                        provider.GetRequiredKeyedService<CompletionService>(key),
                        new PolicyChatClientOptions { ModelId = (string)key! }
                    )
            );
        }

        services.TryAddKeyedSingleton<IChatClient>(ServedModel.BestOfN, (provider, key) => BestOfN(provider, key));
        services.TryAddSingleton(provider => provider.GetRequiredKeyedService<IChatClient>(ServedModel.Policy));
        services.TryAddSingleton(provider => new ServedDecodes(
            provider,
            ownReference: Factory<CausalLmPolicy>() != policy || Factory<CompletionService>() != service
        ));
        services.TryAddSingleton<ServingMetrics>();
        services.AddHostedService<ModelLifetime>();
        services.AddHealthChecks().AddCheck<ModelHealth>(Category);
        return services;

        Func<IServiceProvider, object?, object>? Factory<T>() =>
            services
                .Last(one => // of the reference, the application's or ours
                    one.ServiceType == typeof(T) && one.IsKeyedService && ServedModel.Reference.Equals(one.ServiceKey)
                )
                .KeyedImplementationFactory;
    }

    private static VariationalBoNOptions Options(IServiceProvider provider) =>
        provider.GetRequiredService<IOptions<VariationalBoNOptions>>().Value;

    private static ILogger Logger(IServiceProvider provider) => provider.GetRequiredService<ILoggerFactory>().CreateLogger(Category);

    private static CausalLmPolicy Policy(IServiceProvider provider, object? key)
    {
        var models = provider.GetRequiredService<LoadedModels>();
        bool isPolicy = key is ServedModel.Policy;
        return (isPolicy ? models.Policy : models.Reference)
            ?? throw new InvalidOperationException(
                (
                    isPolicy
                        ? $"There is no model to serve: set {VariationalBoNOptions.SectionName}:Model to the directory of one"
                        : $"There is no reference: set {VariationalBoNOptions.SectionName}:Adapters or :Reference"
                ) + $", or register a CausalLmPolicy under the key \"{key}\"."
            );
    }

    private static CompletionService Service(IServiceProvider provider, object? key) =>
        new(
            provider.GetRequiredKeyedService<CausalLmPolicy>(key),
            new CompletionServiceOptions { MaxWaiting = Options(provider).MaxWaiting, Logger = Logger(provider) }
        );

    private static BestOfNChatClient BestOfN(IServiceProvider provider, object? key) =>
        new(
            provider.GetRequiredKeyedService<CompletionService>(ServedModel.Reference),
            provider.GetRequiredService<IRewardModel>(),
            Options(provider).N,
            new PolicyChatClientOptions { ModelId = (string)key! },
            new ScoringOptions { Logger = Logger(provider) }
        );

    private static IRewardModel Reward(IServiceProvider provider)
    {
        VariationalBoNOptions options = Options(provider);
        if (options.RewardEndpoint is null)
        {
            return provider.GetRequiredService<LoadedModels>().Reward
                ?? throw new InvalidOperationException(
                    $"There is no reward model: set {VariationalBoNOptions.SectionName}:Reward to the directory of a classifier or "
                        + ":RewardEndpoint to an address, or register an IRewardModel."
                );
        }

        var remote = new HttpRewardModelOptions { Endpoint = options.RewardEndpoint, Identity = options.RewardName! };
        return new HttpClientRewardModel(provider.GetRequiredService<IHttpClientFactory>(), remote).WithRetry(
            new RetryOptions { Logger = Logger(provider) }
        );
    }
}
