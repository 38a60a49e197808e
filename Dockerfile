# One build, three images: api, worker (with the Trainer beside it), web. TORCH_BACKEND=cuda puts libtorch with CUDA into the worker.
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
ARG TORCH_BACKEND=cpu
WORKDIR /source
COPY global.json Directory.Build.props Directory.Build.targets Directory.Packages.props .editorconfig ./
COPY build build
COPY src src
RUN dotnet publish src/Api -c Release -o /out/api \
 && dotnet publish src/Web -c Release -o /out/web \
 && dotnet publish src/Cli -c Release -o /out/cli \
 && dotnet publish src/Worker -c Release -o /out/worker \
 && dotnet publish src/Trainer -c Release -o /out/worker/trainer -p:TorchBackend=${TORCH_BACKEND}

FROM mcr.microsoft.com/dotnet/aspnet:10.0 AS base
# A named volume takes over the owner of the folder it is mounted on: the processes below are not root.
RUN mkdir /data && chown ${APP_UID} /data
ENV Gnn__DataFolder=/data ASPNETCORE_HTTP_PORTS=8080
EXPOSE 8080
WORKDIR /app

FROM base AS api
COPY --from=build /out/api .
COPY --from=build /out/cli /cli
USER ${APP_UID}
HEALTHCHECK --interval=10s --timeout=35s --start-period=40s CMD ["dotnet", "/cli/gnn.dll", "ready", "--url", "http://127.0.0.1:8080"]
ENTRYPOINT ["dotnet", "Api.dll"]

FROM base AS worker
COPY --from=build /out/worker .
COPY --from=build /out/cli /cli
USER ${APP_UID}
HEALTHCHECK --interval=10s --timeout=35s --start-period=40s CMD ["dotnet", "/cli/gnn.dll", "ready", "--url", "http://127.0.0.1:8080"]
ENTRYPOINT ["dotnet", "Worker.dll"]

FROM base AS web
COPY --from=build /out/web .
COPY --from=build /out/cli /cli
USER ${APP_UID}
HEALTHCHECK --interval=10s --timeout=35s --start-period=40s CMD ["dotnet", "/cli/gnn.dll", "ready", "--url", "http://127.0.0.1:8080"]
ENTRYPOINT ["dotnet", "Web.dll"]
