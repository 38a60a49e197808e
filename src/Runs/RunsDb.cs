using System.Text;
using Contracts;
using Microsoft.EntityFrameworkCore;

namespace Runs;

/// <summary>The runs, their epochs and their events. Two stores, one model; only what SQL cannot say alike is left to the stores.</summary>
public abstract class RunsDb(DbContextOptions options) : DbContext(options)
{
    public DbSet<Run> Runs => Set<Run>();
    public DbSet<EpochRow> Epochs => Set<EpochRow>();
    public DbSet<EventRow> Events => Set<EventRow>();
    public DbSet<WorkerRow> Workers => Set<WorkerRow>();
    public DbSet<ApiKey> Keys => Set<ApiKey>();
    public DbSet<KeptAnswer> KeptAnswers => Set<KeptAnswer>();
    public DbSet<AuditRow> Audit => Set<AuditRow>();

    /// <summary>Runs whose row this context has changed: who follows them is told after commit.</summary>
    internal HashSet<Guid> Touched { get; } = [];

    /// <summary>The run, its row locked until the transaction ends.</summary>
    public abstract Task<Run?> LockRun(Guid id, CancellationToken cancellation);

    /// <summary>The best queued run (priority, then age) that needs no more memory than this, and that nobody else is just claiming, its row locked.</summary>
    public abstract Task<Run?> LockNextQueued(long memoryBytes, CancellationToken cancellation);

    /// <summary>All rows in one statement, whose run is locked. Rows that are stored already are a conflict, and nothing is stored.</summary>
    public abstract Task InsertEpochs(IReadOnlyList<EpochRow> rows, CancellationToken cancellation);

    /// <summary>The store's clock, the only one that leases are judged by: the clocks of workers may differ.</summary>
    public abstract Task<DateTimeOffset> Now(CancellationToken cancellation);

    /// <summary>The store's time, asked for only where one of the runs is held and its worker can be late.</summary>
    public async Task<DateTimeOffset?> TimeToJudge(IEnumerable<Run> runs, CancellationToken cancellation) =>
        runs.Any(run => RunTransitions.IsHeld(run.Status)) ? await Now(cancellation) : null;

    public override async Task<int> SaveChangesAsync(bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default)
    {
        foreach (var entry in ChangeTracker.Entries<Run>())
        {
            if (entry.State is EntityState.Added or EntityState.Modified) { Touched.Add(entry.Entity.Id); }
        }
        return await base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
    }

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        // Names, not numbers: the tables must be readable by hand, and enums may be reordered.
        configurationBuilder.Properties<RunStatus>().HaveConversion<string>().HaveMaxLength(20);
        configurationBuilder.Properties<Convolution>().HaveConversion<string>().HaveMaxLength(30);
        configurationBuilder.Properties<Backbone>().HaveConversion<string>().HaveMaxLength(30);
        configurationBuilder.Properties<KeyScope>().HaveConversion<string>().HaveMaxLength(20);
        configurationBuilder.Properties<FailureClass>().HaveConversion<string>().HaveMaxLength(20);
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Run>(run =>
        {
            run.ToTable("runs").HasKey(r => r.Id);
            run.Property(r => r.Id).ValueGeneratedNever();
            run.Ignore(r => r.Tags).Ignore(r => r.Summaries);
            run.Property(r => r.Status).IsConcurrencyToken();
            run.Property(r => r.Attempt).IsConcurrencyToken();
            // Exactly the order of a claim: the best queued run is the first entry, however many wait. (Of a partial index beside one that
            // begins with the status SQLite takes the other, and sorts.)
            run.HasIndex(r => new { r.Status, r.Priority, r.CreatedAt, r.Id }).IsDescending(false, true, false, false);
            run.HasIndex(r => r.LeaseUntil).HasFilter("lease_until IS NOT NULL"); // what workers hold: a few
            run.HasIndex(r => new { r.CreatedAt, r.Id });
            run.HasIndex(r => r.Group);
        });
        modelBuilder.Entity<EpochRow>(epoch =>
        {
            epoch.ToTable("epochs").HasKey(e => new { e.RunId, e.Attempt, e.Epoch });
            epoch.HasIndex(e => new { e.RunId, e.Seq }).IsUnique();
            epoch.HasOne<Run>().WithMany().HasForeignKey(e => e.RunId);
        });
        modelBuilder.Entity<EventRow>(row =>
        {
            row.ToTable("events").HasKey(e => new { e.RunId, e.Seq });
            row.HasOne<Run>().WithMany().HasForeignKey(e => e.RunId);
        });
        modelBuilder.Entity<KeptAnswer>(answer =>
        {
            answer.ToTable("kept_answers").HasKey(a => new { a.Owner, a.Key });
            answer.HasIndex(a => a.At);
        });
        modelBuilder.Entity<WorkerRow>(worker => worker.ToTable("workers").HasKey(w => w.Name));
        modelBuilder.Entity<ApiKey>(key => key.ToTable("api_keys").HasKey(k => k.Id));
        modelBuilder.Entity<AuditRow>(row =>
        {
            row.ToTable("audit").HasKey(a => a.Id);
            row.Property(a => a.Id).ValueGeneratedNever();
            row.HasIndex(a => a.RunId);
        });
        foreach (var property in modelBuilder.Model.GetEntityTypes().SelectMany(entity => entity.GetProperties()))
        {
            property.SetColumnName(SnakeCase(property.Name));
        }
    }

    private static string SnakeCase(string name)
    {
        var snake = new StringBuilder();
        foreach (var letter in name)
        {
            if (char.IsUpper(letter) && snake.Length > 0) { snake.Append('_'); }
            snake.Append(char.ToLowerInvariant(letter));
        }
        return snake.ToString();
    }
}
